import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runClient } from '../../../src/lab/external/clients.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'clients-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(code: string) {
  writeFileSync(path.join(folder, 'client.mjs'), code);
  const client = { name: 'a client', language: 'node', script: 'client.mjs' } as const;
  return runClient(client, { program: process.execPath, folder }, { SOME_ADDRESS: 'here' });
}

describe('the script of a client', () => {
  it('knows where Bedrock is, and reports feature by feature, whatever else it prints', async () => {
    const code = `
      console.log('hello');
      console.log(JSON.stringify({ feature: 'plain', ok: process.env.SOME_ADDRESS === 'here' }));
      console.log(JSON.stringify({ feature: 'stream', ok: false, error: 'broken' }));
    `;
    expect(await run(code)).toEqual({
      results: [
        { feature: 'plain', ok: true },
        { feature: 'stream', ok: false, error: 'broken' },
      ],
      finished: true,
      log: '',
    });
  });

  it('that fails before its end is not taken for finished', async () => {
    const { results, finished, log } = await run("throw new Error('no such package')");
    expect({ results, finished }).toEqual({ results: [], finished: false });
    expect(log).toContain('no such package');
  });
});
