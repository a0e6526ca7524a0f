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

it('cancel names an id that no request can have, and cancels none of the others', async () => {
  await expect(run('cancel', 'fine', 'a/b')).rejects.toThrow(/request_id: must be .*got "a\/b"/);
  expect(stack.sent.filter((body) => 'cancel' in JSON.parse(body))).toEqual([]);
});
