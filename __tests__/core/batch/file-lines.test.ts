import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FileLine,
  linesFrom,
  MAX_LINE_BYTES,
  nextSection,
  type Position,
  type RangedFile,
  START,
} from '../../../src/core/batch/file-lines.ts';

function fileOf(content: Uint8Array): RangedFile & { longest: number } {
  const file = {
    bytes: content.length,
    longest: 0,
    async read(from: number, length: number) {
      if (from + length > content.length) throw new RangeError(`${from}+${length} is beyond the end`);
      file.longest = Math.max(file.longest, length);
      return content.slice(from, from + length);
    },
  };
  return file;
}

async function all(file: RangedFile, from: Position = START, rangeBytes?: number): Promise<FileLine[]> {
  const lines: FileLine[] = [];
  for await (const line of linesFrom(file, from, rangeBytes)) lines.push(line);
  return lines;
}

const texts = (lines: readonly FileLine[]) => lines.map(({ bytes }) => Buffer.from(bytes ?? []).toString());

const content = fc
  .array(fc.oneof(fc.constant('\n'), fc.string({ unit: 'grapheme', maxLength: 12 })), { maxLength: 30 })
  .map((pieces) => Buffer.from(pieces.join('')));

describe('lines of a file', () => {
  it('are those between line feeds, whatever the ranges', async () => {
    await fc.assert(
      fc.asyncProperty(content, fc.integer({ min: 1, max: 40 }), async (bytes, rangeBytes) => {
        const lines = await all(fileOf(bytes), START, rangeBytes);
        const expected = bytes.toString().split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(texts(lines)).toEqual(expected);
        expect(lines.map(({ number }) => number)).toEqual(expected.map((_, index) => index + 1));
      }),
    );
  });

  it('are each found once, however the file is split into sections', async () => {
    const sizes = fc.array(
      fc.record({ lines: fc.integer({ min: 1, max: 5 }), bytes: fc.integer({ min: 1, max: 60 }) }),
      {
        minLength: 1,
      },
    );
    await fc.assert(
      fc.asyncProperty(content, sizes, async (bytes, mosts) => {
        const file = fileOf(bytes);
        const found: FileLine[] = [];
        let position = START;
        for (let nth = 0, isLast = false; !isLast; nth++) {
          const most = mosts[nth % mosts.length] as (typeof mosts)[number];
          const section = await nextSection(file, position, most);
          expect(section.lines.length).toBeLessThanOrEqual(most.lines);
          found.push(...section.lines);
          position = section.end;
          isLast = section.isLast;
        }
        expect(found).toEqual(await all(file));
        expect(position.offset).toBe(bytes.length);
      }),
    );
  });

  it('can be read from any of them on', async () => {
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        const file = fileOf(bytes);
        const lines = await all(file);
        for (const [index, { next }] of lines.entries()) {
          expect(await all(file, next)).toEqual(lines.slice(index + 1));
        }
      }),
    );
  });

  it('that are too long are passed over, and not held', async () => {
    const bytes = Buffer.concat([
      Buffer.from('a\n'),
      Buffer.alloc(MAX_LINE_BYTES + 1, 'x'),
      Buffer.from('\n'),
      Buffer.alloc(MAX_LINE_BYTES, 'y'),
      Buffer.from('\nb'),
    ]);
    const lines = await all(fileOf(bytes));
    expect(lines.map((line) => line.bytes?.length)).toEqual([1, undefined, MAX_LINE_BYTES, 1]);
    expect(lines.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(texts(lines).at(-1)).toBe('b');
  });

  it('are read a megabyte at a time', async () => {
    const file = fileOf(Buffer.alloc(5_000_000, 'line\n'));
    const section = await nextSection(file, START, { lines: 10, bytes: 1_000_000 });
    expect(section.lines).toHaveLength(10);
    expect(file.longest).toBe(1024 * 1024);
  });
});
