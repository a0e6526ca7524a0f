import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type * as z from 'zod';
import { examplesOf } from '../../../scripts/docs/result-examples.ts';
import { EXCEPTION_KINDS } from '../../../src/aws/bedrock/errors.ts';
import { INLINE_OUTPUT_BYTES } from '../../../src/core/invocation/outcome.ts';
import { ERROR_TYPES } from '../../../src/core/request/error-types.ts';
import { readMessage } from '../../../src/core/request/message.ts';
import { inputMessage } from '../../../src/core/request/message-schema.ts';
import { describeProblems } from '../../../src/core/request/problem.ts';
import type { ResultMessage } from '../../../src/core/request/result.ts';
import { resultMessage } from '../../../src/core/request/result-schema.ts';

const read = (file: string) => readFileSync(path.resolve(import.meta.dirname, '../../..', file), 'utf8');
const page = read('docs/messages.md');

describe('input messages in docs/messages.md', () => {
  it('show every form', () => {
    expect(examplesOf(page, 'input')).toHaveLength(6);
  });

  it.each(examplesOf(page, 'input'))('%s is accepted', (text) => {
    const reading = readMessage(text, { longestWaitSeconds: 6 * 86_400 });
    expect(reading.kind === 'invalid' ? describeProblems(reading.problems) : 'accepted').toBe('accepted');
  });

  it('fit the schema, all but the one with short forms', () => {
    const spelledOut = examplesOf(page, 'input').filter((text) => !text.includes('"content": "Name three'));
    expect(spelledOut).toHaveLength(5);
    for (const text of spelledOut) expect(inputMessage.safeParse(JSON.parse(text)).success).toBe(true);
  });
});

it('the message that the README sends is accepted', () => {
  const [, python = ''] = /json\.dumps\((\{.*?\n\})\)/s.exec(read('README.md')) ?? [];
  const { kind } = readMessage(python.replace(/ +#.*/g, ''), { longestWaitSeconds: 6 * 86_400 });
  expect(kind).toBe('request');
});

describe('results in docs/messages.md', () => {
  it('show an answer in the message, one in the bucket, and an error', () => {
    const results = examplesOf(page, 'result').map((text) => resultMessage.parse(JSON.parse(text)));
    expect(results.map(({ output, error }) => Object.keys(output ?? error ?? {}).join())).toEqual([
      'body',
      'body',
      'bucket,key',
      'type,message',
    ]);
  });

  it('have a schema with the fields that are sent', () => {
    expectTypeOf<Omit<z.infer<typeof resultMessage>, 'priority'>>().toEqualTypeOf<
      Omit<ResultMessage, 'priority'>
    >();
  });

  it('say up to which size an answer is in the message', () => {
    expect(page).toContain(`Answers of up to ${INLINE_OUTPUT_BYTES / 1024} KiB are in the message`);
  });
});

describe('the error types in docs/messages.md', () => {
  /** What ends a request, beside exceptions that are known by name. */
  const OTHERS = ['TimeoutError', 'NetworkError'];

  it('are those of the code', () => {
    const listed = [...page.matchAll(/^\| `(\w+)` +\| (?:REJECTED|EXPIRED|FAILED|CANCELLED)/gm)].map(
      ([, type]) => type,
    );
    const exceptions = Object.keys(EXCEPTION_KINDS).filter((name) => EXCEPTION_KINDS[name] !== 'throttled');
    expect(listed.toSorted()).toEqual([...ERROR_TYPES, ...exceptions, ...OTHERS].toSorted());
  });
});
