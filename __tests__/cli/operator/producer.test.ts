/** The producers' commands on a stack of this machine. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { readLines } from '../../../src/cli/operator/submission.ts';
import { programFor } from '../../../src/cli/program.ts';
import { completed, StackStub } from '../../client/stack-stub.ts';

const LARGE = '12345678901234567890';
const LINE = JSON.stringify({
  request_id: 'large',
  model_id: 'us.amazon.nova-lite-v1:0',
  messages: [{ role: 'user', content: 'hi' }],
});
const folder = mkdtempSync(path.join(tmpdir(), 'producer-'));
const outputs = path.join(folder, 'outputs.json');
const stack = new StackStub();

beforeAll(async () => {
  const { endpoint, outputs: own } = await stack.listen();
  const wrapped = Object.entries(own).map(([name, value]) => [name, { value }]);
  writeFileSync(outputs, JSON.stringify(Object.fromEntries(wrapped)));
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'any');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'thing');
  stack.objects.set('calls/outputs/large.json', `{"id":${LARGE}}`);
  const output = { bucket: 'calls', key: 'outputs/large.json' };
  for await (const line of readLines(Readable.from([LINE]))) {
    const content_hash = 'message' in line ? line.message.contentHash : '';
    stack.put(completed('large', { content_hash, output }));
  }
});
afterEach(() => void vi.restoreAllMocks());
afterAll(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  await stack.stop();
});

/** What the command prints. */
async function run(...words: string[]): Promise<string> {
  const lines: unknown[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const program = await programFor(words);
  await program.parseAsync([...words, '--outputs', outputs], { from: 'user' });
  return lines.join('\n');
}

it('results prints whole numbers with all their digits', async () => {
  expect(await run('results', 'large')).toContain(`"output":{"id":${LARGE}}`);
});

it('submit writes whole numbers with all their digits', async () => {
  const requests = path.join(folder, 'requests.jsonl');
  const results = path.join(folder, 'results.jsonl');
  writeFileSync(requests, LINE);
  await run('submit', requests, '--results', results);
  await vi.waitFor(() => expect(readFileSync(results, 'utf8')).toContain(`"output":{"id":${LARGE}}`));
});

it('submit writes the ids by which a refusal is found, and sends what is new only', async () => {
  const requests = path.join(folder, 'two.jsonl');
  const ids = path.join(folder, 'ids.jsonl');
  writeFileSync(requests, `${LINE}\n${LINE.replace('large', 'new')}\n`);
  await run('submit', requests, '--ids', ids);
  const lines = readFileSync(ids, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { requestId: 'large' },
    { requestId: 'new', messageId: expect.stringMatching(/./) },
  ]);
});

it.each([
  ['--max-wait-seconds', '99999999', 'max_wait_seconds: at most'],
  ['--max-wait-seconds', '60 --deadline 2100-01-01T00:00:00Z', 'give either a deadline or max_wait_seconds'],
])('batch submit %s %s is checked as the batch function checks it', async (option, value, problem) => {
  const words = ['batch', 'submit', 'any.jsonl', '--model', 'amazon.nova-lite-v1:0', '--accept-truncated'];
  await expect(run(...words, option, ...value.split(' '))).rejects.toThrow(problem);
});

it('cancel names an id that no request can have, and cancels none of the others', async () => {
  await expect(run('cancel', 'fine', 'a/b')).rejects.toThrow(/request_id: must be .*got "a\/b"/);
  expect(stack.sent.filter((body) => 'cancel' in JSON.parse(body))).toEqual([]);
});

it('why says what an id must be, and asks nobody about one that no record has', async () => {
  await expect(run('why', '')).rejects.toThrow(/request_id: must be .*got ""/);
});
