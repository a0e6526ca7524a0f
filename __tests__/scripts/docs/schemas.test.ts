import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type * as z from 'zod';
import { schemaDocuments } from '../../../scripts/docs/schemas.ts';
import { readMessage } from '../../../src/core/request/message.ts';
import { inputMessage } from '../../../src/core/request/message-schema.ts';
import { describeProblems } from '../../../src/core/request/problems.ts';
import type { ResultMessage } from '../../../src/core/request/result.ts';
import { resultMessage } from '../../../src/core/request/result-schema.ts';

const docs = path.resolve(import.meta.dirname, '../../../docs');
const page = readFileSync(path.join(docs, 'messages.md'), 'utf8');

function examples(kind: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`json ${kind}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, text = '']) => text,
  );
}

describe('the schemas in docs/schemas/', () => {
  it.each(Object.entries(schemaDocuments()))('%s is what the code says (npm run docs)', (name, text) => {
    expect(readFileSync(path.join(docs, 'schemas', name), 'utf8')).toBe(text);
  });

  it('describe the results that are sent', () => {
    expectTypeOf<Omit<z.infer<typeof resultMessage>, 'priority'>>().toEqualTypeOf<
      Omit<ResultMessage, 'priority'>
    >();
  });
});

describe('the examples in docs/messages.md', () => {
  it('are there', () => {
    expect(examples('input')).toHaveLength(5);
    expect(examples('result')).toHaveLength(2);
  });

  it.each(examples('input'))('%s is accepted', (text) => {
    const reading = readMessage(text, { longestWaitSeconds: 6 * 86_400 });
    expect(reading.kind === 'invalid' ? describeProblems(reading.problems) : 'accepted').toBe('accepted');
  });

  it.each(examples('result'))('%s is a result', (text) => {
    expect(resultMessage.safeParse(JSON.parse(text)).error).toBeUndefined();
  });

  it('that spell everything out fit the schema as it is written', () => {
    const spelledOut = examples('input').filter((text) => !text.includes('"content": "Name three'));
    expect(spelledOut).toHaveLength(4);
    for (const text of spelledOut) expect(inputMessage.safeParse(JSON.parse(text)).success).toBe(true);
  });
});
