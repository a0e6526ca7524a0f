import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { checkout, ROOT } from './checkout.ts';
import { STACK } from './synthesis.ts';

/** Every file that a synthesis writes for the stack, by its path. */
function written(folder: string): Map<string, Buffer> {
  const stack = path.join(folder, 'cdktf.out/stacks', STACK);
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

function synthesiseIn(folder: string): Map<string, Buffer> {
  execFileSync(process.execPath, ['--import', 'tsx', 'main.ts'], {
    cwd: folder,
    env: { PATH: process.env.PATH },
  });
  return written(folder);
}

// Each synthesis is a process of its own that compiles everything anew: slow on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const here = checkout();
const elsewhere = checkout();
let first: Map<string, Buffer>;

beforeAll(() => {
  first = synthesiseIn(here);
});
afterAll(() => {
  for (const folder of [here, elsewhere]) rmSync(folder, { recursive: true });
});

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

it('again, over what an earlier one left in another folder, gives the same, byte for byte', () => {
  cpSync(path.join(here, 'cdktf.out'), path.join(elsewhere, 'cdktf.out'), { recursive: true });
  expect(digestsOf(synthesiseIn(elsewhere))).toEqual(digestsOf(first));
});

it('bakes no path of this machine in', () => {
  const json = String(first.get('cdk.tf.json'));
  expect(json).not.toContain(here);
  expect(json).not.toContain(ROOT);
  expect(JSON.parse(json).terraform.backend).toEqual({
    local: { path: `../../../terraform.${STACK}.tfstate` },
  });
});
