import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { surveyOf } from '../../src/client/lines.ts';
import type { ResultMessage } from '../../src/core/request/result.ts';
import { startLocalSmoother } from '../../src/lab/run/local-smoother.ts';
import { run } from '../../src/lab/run/run.ts';
import { isClean, type RunRecord, type Summary, summarise } from '../../src/lab/run/summary.ts';
import { readTfvars } from '../../src/local/terraform/tfvars.ts';

const NOVA = 'us.amazon.nova-lite-v1:0';
const HAIKU = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const user = (text: string) => ({ role: 'user', content: [{ text }] });
const converse = (text: string) => ({ messages: [user(text)], inferenceConfig: { maxTokens: 20 } });
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const image = (bytes: string) => ({
  role: 'user',
  content: [{ image: { format: 'png', source: { bytes } } }],
});
const anthropic = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 20, messages: [user('Hello')] };

/** Each is one request with one result under its id. */
const VALID: Record<string, object> = {
  plain: { model_id: NOVA, converse: converse('Hello') },
  unicode: { model_id: NOVA, converse: converse('\u0000 \ud83d\ude00 \u202e') },
  urgent: {
    model_id: NOVA,
    priority: 1,
    tenant: 'a.b_c-d',
    metadata: { deep: [[{ x: null }]] },
    converse: converse('Now'),
  },
  picture: { model_id: HAIKU, converse: { ...converse(''), messages: [image(PIXEL)] } },
  invoked: { model_id: HAIKU, invoke_model: { body: anthropic } },
  original: { model_id: HAIKU, messages: [user('Hello')], system: [{ text: 'Be brief.' }] },
  batch: { model_id: HAIKU, recordId: 'CALL0000001', modelInput: anthropic },
  large: {
    model_id: HAIKU,
    converse: { ...converse(''), messages: [image(Buffer.alloc(900_000).toString('base64'))] },
  },
  noncharacter: { model_id: NOVA, converse: converse('\uFFFF') },
  unlisted: { model_id: 'mistral.mistral-large-2407-v1:0', converse: converse('Bonjour') },
};

/** What the rejection of each line says of its field, and no rejection of another kind does: they come in any order. */
const INVALID: [says: string, line: string][] = [
  ['message: must be JSON', 'Hello?'],
  ['message: must be JSON', '{"request_id": "i-0\u0001"}'],
  ['message: must be an object', '[1, 2]'],
  ['message: must be an object', '"text"'],
  ['model_id: missing', JSON.stringify({ request_id: 'i-1', converse: converse('no model') })],
  [
    'priority: must be a whole number',
    JSON.stringify({ request_id: 'i-2', model_id: NOVA, priority: 0, converse: converse('x') }),
  ],
  [
    'colour: unknown field',
    JSON.stringify({ request_id: 'i-3', model_id: NOVA, colour: 'red', converse: converse('x') }),
  ],
  [
    'converse.messages: must be a list',
    JSON.stringify({ request_id: 'i-4', model_id: NOVA, converse: { messages: 'Hello' } }),
  ],
  [
    'converse.inferenceConfig.maxTokens: must be a whole number',
    JSON.stringify({
      request_id: 'i-5',
      model_id: NOVA,
      converse: { messages: [user('x')], inferenceConfig: { maxTokens: 0 } },
    }),
  ],
  [
    'bytes: must be base64',
    JSON.stringify({ request_id: 'i-6', model_id: HAIKU, converse: { messages: [image('%%%')] } }),
  ],
  [
    '__proto__: not allowed',
    `{"request_id": "i-7", "model_id": "${NOVA}", "__proto__": {"priority": 1}, "converse": {}}`,
  ],
  ['s3.key: must be a key', JSON.stringify({ s3: { bucket: 'b', key: 'payloads/other.json' } })],
  [
    'request_id: must be a letter',
    JSON.stringify({ request_id: '', model_id: NOVA, converse: converse('x') }),
  ],
  [
    'request_id: plain belongs to a request with other content',
    JSON.stringify({ request_id: 'plain', model_id: NOVA, converse: converse('other content') }),
  ],
];

const TFVARS = `
notification_email = "oncall@example.com"
name_prefix        = "odd"
quota_overrides = {
  "us.amazon.nova-lite-v1:0" = { requests_per_minute = 3000, tokens_per_minute = 10000000 }
}
`;

let folder: string;
const file = (name: string) => path.join(folder, name);

async function start(tfvars: string): Promise<RunRecord> {
  writeFileSync(file('test.tfvars'), tfvars);
  const input = file('input.jsonl');
  const smoother = await startLocalSmoother({
    synthesis: inject('synthesis'),
    models: (await surveyOf(input)).models,
    quota: { requestsPerMinute: 6_000, tokensPerMinute: 10_000_000 },
    variables: (await readTfvars(file('test.tfvars'))).values,
  });
  try {
    return await run(smoother, { input, results: file('results.jsonl') });
  } finally {
    await smoother.stop();
  }
}

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'odd-input-'));
  const valid = Object.entries(VALID).map(([request_id, fields]) =>
    JSON.stringify({ request_id, ...fields }),
  );
  // One line twice, not the one that has a contender for its id: whichever comes first is accepted.
  const twice = valid[1];
  // An empty line; line ends of two kinds.
  const lines = [...valid, twice, '', ...INVALID.map(([, line]) => line)];
  writeFileSync(file('input.jsonl'), lines.join('\r\n'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a file of odd lines', () => {
  let summary: Summary;
  let results: ResultMessage[];
  beforeAll(async () => {
    summary = summarise(await start(TFVARS), []);
    results = readFileSync(file('results.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }, 240_000);

  it('ends as it should', () => {
    const { submitted, completed, rejected, failed, expired, lost, duplicate_results, wrongly_accepted } =
      summary;
    expect({
      submitted,
      completed,
      rejected,
      failed,
      expired,
      lost,
      duplicate_results,
      wrongly_accepted,
    }).toEqual({
      submitted: Object.keys(VALID).length + 1 + INVALID.length,
      completed: Object.keys(VALID).length,
      rejected: INVALID.length,
      ...{ failed: 0, expired: 0, lost: 0, duplicate_results: 0, wrongly_accepted: 0 },
    });
    expect(summary.permission_denials).toEqual([]);
    expect(isClean(summary)).toBe(true);
  });

  it('each valid line has one result, a line that came twice too', () => {
    const completed = results
      .filter(({ status }) => status === 'COMPLETED')
      .map(({ request_id }) => request_id);
    expect(completed.sort()).toEqual(Object.keys(VALID).sort());
  });

  it('each invalid line has one rejection that names its field', () => {
    const messages = results.flatMap(({ status, error }) =>
      status === 'REJECTED' ? [error?.message ?? ''] : [],
    );
    for (const [says] of INVALID) {
      const found = messages.findIndex((message) => message.includes(says));
      expect(found, `${says} in ${messages.join('\n')}`).toBeGreaterThanOrEqual(0);
      messages.splice(found, 1);
    }
  });
});

it("a tfvars file that breaks a variable's rule is refused by that rule", async () => {
  await expect(start(`${TFVARS}max_concurrent_executions = 1\n`)).rejects.toThrow(
    'max_concurrent_executions',
  );
});
