import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, inject, it, vi } from 'vitest';
import { checkout, ROOT } from './checkout.ts';
import { STACK } from './synthesis.ts';

/** Every file that a synthesis writes for the stack, by its path. */
function writtenIn(stack: string): Map<string, Buffer> {
  const files = readdirSync(stack, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return [path.relative(stack, file), readFileSync(file)];
    }),
  );
}

/** Vitest takes long to compare buffers. */
function digestsOf(files: Map<string, Buffer>): Record<string, string> {
  return Object.fromEntries(
    [...files].map(([file, content]) => [file, createHash('sha256').update(content).digest('hex')]),
  );
}

// A synthesis is a process of its own that compiles everything anew: slow on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

const { folder } = inject('synthesis');
const first = writtenIn(folder);
const elsewhere = checkout();
afterAll(() => rmSync(elsewhere, { recursive: true }));

it('writes the JSON and a zip for each function', () => {
  expect([...first.keys()].map((file) => path.basename(file)).sort()).toEqual([
    'batch.zip',
    'cdk.tf.json',
    'invocation.zip',
    'prioritization.zip',
    'reporting.zip',
    'request-ingestion.zip',
  ]);
});

it('again, over what an earlier one left in another folder, gives the same, byte for byte, and CDKTF has no doubts', () => {
  const stack = path.join(elsewhere, 'cdktf.out/stacks', STACK);
  cpSync(folder, stack, { recursive: true });
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'main.ts'], {
    cwd: elsewhere,
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  expect(stderr).not.toContain('may be incorrect');
  expect(digestsOf(writtenIn(stack))).toEqual(digestsOf(first));
});

it('bakes no path of this machine in', () => {
  const json = String(first.get('cdk.tf.json'));
  expect(json).not.toContain(folder);
  expect(json).not.toContain(ROOT);
  expect(JSON.parse(json).terraform.backend).toEqual({
    local: { path: `../../../terraform.${STACK}.tfstate` },
  });
});
