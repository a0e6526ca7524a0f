import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { examplesOf, withResultExamples } from '../../../scripts/docs/result-examples.ts';
import { EXCEPTION_KINDS } from '../../../src/aws/bedrock/errors.ts';
import { INLINE_OUTPUT_BYTES } from '../../../src/core/invocation/outcome.ts';
import { ERROR_TYPES } from '../../../src/core/request/error-types.ts';
import { readMessage } from '../../../src/core/request/message.ts';
import { inputMessage } from '../../../src/core/request/message-schema.ts';
import { describeProblems } from '../../../src/core/request/problems.ts';
import { resultMessage } from '../../../src/core/request/result-schema.ts';

const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/messages.md'), 'utf8');

describe('input messages in docs/messages.md', () => {
  it('show every form', () => {
    expect(examplesOf(page, 'input')).toHaveLength(5);
  });

  it.each(examplesOf(page, 'input'))('%s is accepted', (text) => {
    const reading = readMessage(text, { longestWaitSeconds: 6 * 86_400 });
    expect(reading.kind === 'invalid' ? describeProblems(reading.problems) : 'accepted').toBe('accepted');
  });

  it('fit the schema, all but the one with short forms', () => {
    const spelledOut = examplesOf(page, 'input').filter((text) => !text.includes('"content": "Name three'));
    expect(spelledOut).toHaveLength(4);
    for (const text of spelledOut) expect(inputMessage.safeParse(JSON.parse(text)).success).toBe(true);
  });
});

describe('results in docs/messages.md', () => {
  it('are what the smoother sends for the messages of the page (npm run docs)', async () => {
    expect(page).toBe(await withResultExamples(page));
  });

  it('show an answer in the message, one in the bucket, and an error', () => {
    const results = examplesOf(page, 'result').map((text) => resultMessage.parse(JSON.parse(text)));
    expect(results.map(({ output, error }) => Object.keys(output ?? error ?? {}).join())).toEqual([
      'body',
      'body',
      'bucket,key',
      'type,message',
    ]);
  });

  it('say up to which size an answer is in the message', () => {
    expect(page).toContain(`Answers of up to ${INLINE_OUTPUT_BYTES / 1024} KiB are in the message`);
  });
});

describe('the error types in docs/messages.md', () => {
  /** What ends a request, beside exceptions that are known by name. */
  const OTHERS = ['TimeoutError', 'NetworkError'];

  it('are those of the code', () => {
    const listed = [...page.matchAll(/^\| `(\w+)` +\| (?:REJECTED|EXPIRED|FAILED)/gm)].map(
      ([, type]) => type,
    );
    const exceptions = Object.keys(EXCEPTION_KINDS).filter((name) => EXCEPTION_KINDS[name] !== 'throttled');
    expect(listed.toSorted()).toEqual([...ERROR_TYPES, ...exceptions, ...OTHERS].toSorted());
  });
});
