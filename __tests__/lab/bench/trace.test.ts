import { describe, expect, it } from 'vitest';
import { traceWorkload } from '../../../src/lab/bench/trace.ts';
import { TraceFormatError } from '../../../src/lab/simulation/errors.ts';

const HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens';
const LINES = [
  '2023-11-16 18:17:03.9799600,4808,10',
  '2023-11-16 18:17:04.4799600,110,27',
  '2023-11-16 18:19:04,7,9999',
];

describe('trace', () => {
  it('becomes arrivals from the first line on, as far as asked', () => {
    const { arrivals, durationMs } = traceWorkload([HEADER, ...LINES].join('\n'), 1);
    expect(durationMs).toBe(60_000);
    expect([...arrivals].map(({ at, inputTokens, outputTokens }) => [at, inputTokens, outputTokens])).toEqual(
      [
        [0, 4808, 10],
        [500, 110, 27],
      ],
    );
  });

  it('never answers more than its max tokens', () => {
    const last = [...traceWorkload([HEADER, ...LINES].join('\n'), 10).arrivals].at(-1);
    expect(last?.outputTokens).toBeLessThanOrEqual(last?.maxTokens ?? 0);
  });

  it.each([
    ['another header', ['a,b,c', ...LINES], 1],
    ['a number that is none', [HEADER, '2023-11-16 18:17:03,x,1'], 2],
    ['a time that is none', [HEADER, LINES[0], 'soon,1,1'], 3],
  ])('names the line of %s', (_name, lines, line) => {
    const read = () => traceWorkload(lines.join('\n'), 1);
    expect(read).toThrow(TraceFormatError);
    expect(read).toThrow(`line ${line}`);
  });
});
