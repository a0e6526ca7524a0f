import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupName, groupOf, taskOf } from '../../../src/core/request/groups.ts';
import { readMessage } from '../../../src/core/request/message.ts';

const CLAUDE = 'anthropic.claude-3-haiku-20240307-v1:0';
const LONG = 'You sort invoices by what they are for. Answer with one word: travel, office, rent, other.';

function groupOfMessage(message: object): string {
  const read = readMessage(JSON.stringify({ model_id: CLAUDE, ...message }), { longestWaitSeconds: 1_000 });
  if (read.kind !== 'request') throw new Error(`Not accepted: ${JSON.stringify(read)}`);
  return groupOf(read.request);
}

const converse = (fields: object) =>
  groupOfMessage({ converse: { messages: [{ role: 'user', content: [{ text: 'hi' }] }], ...fields } });
const asked = (text: string) => [{ role: 'user', content: [{ text }] }];
const tool = (name: string) => ({
  tools: [{ toolSpec: { name, inputSchema: { json: { type: 'object' } } } }],
});

describe('requests without a task are of one group', () => {
  it('when their system prompts begin alike, whatever is asked', () => {
    const one = converse({ system: [{ text: LONG }], messages: asked('Invoice 1') });
    expect(converse({ system: [{ text: `${LONG} Today is Monday.` }], messages: asked('No. 2') })).toBe(one);
    expect(one).toMatch(/^~[0-9a-f]{2}$/);
  });

  it('when there is no system prompt and their questions begin alike', () => {
    const questions = [`${LONG}\n\nTaxi, 12 euros`, `${LONG}\n\nPaper, 3 euros`];
    expect(new Set(questions.map((text) => converse({ messages: asked(text) }))).size).toBe(1);
  });

  it.each([
    [
      'Claude',
      (text: string) => ({ max_tokens: 9, system: LONG, messages: [{ role: 'user', content: text }] }),
    ],
    [
      'chat',
      (text: string) => ({
        messages: [
          { role: 'system', content: LONG },
          { role: 'user', content: text },
        ],
      }),
    ],
    ['a prompt', (text: string) => ({ prompt: `${LONG} ${text}` })],
    ['numbers beyond 2^53', (text: string) => ({ prompt: `${LONG} ${text}`, tools: 9_007_199_254_740_993n })],
  ])('in bodies, too: %s', (_, bodyOf) => {
    const groupOfBody = (text: string) => {
      const call = { v: 1 as const, operation: 'invoke_model' as const };
      const invoke_model = { content_type: '', accept: '', body: bodyOf(text) };
      return groupOf({ model_id: CLAUDE, call: { ...call, invoke_model } });
    };
    expect(groupOfBody('one')).toBe(groupOfBody('another'));
  });
});

describe('requests are of groups of their own', () => {
  it.each([
    ['system prompts', { system: [{ text: 'Be brief.' }] }, { system: [{ text: 'Tell a story.' }] }],
    ['tools', { toolConfig: tool('search') }, { toolConfig: tool('book') }],
    ['max tokens', { inferenceConfig: { maxTokens: 10 } }, { inferenceConfig: { maxTokens: 4_000 } }],
    ['first words', { messages: asked('Translate: yes') }, { messages: asked('Write a novel about it') }],
  ])('when they differ in %s', (_, one, another) => {
    expect(converse(one)).not.toBe(converse(another));
  });
});

it('there are 256 groups at most, and no producer’s label is one', () => {
  fc.assert(
    fc.property(fc.string(), (opening) => {
      const name = groupName(opening);
      expect(name).toMatch(/^~[0-9a-f]{2}$/);
      expect(taskOf({ task: name })).toBeUndefined();
    }),
    { numRuns: 50 },
  );
  expect(taskOf({ task: 'a1' })).toBe('a1');
  expect(() => groupOfMessage({ task: '~a1', converse: { messages: asked('hi') } })).toThrow('task');
});
