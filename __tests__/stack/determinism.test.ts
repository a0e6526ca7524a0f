import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STACK } from './synthesis.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

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

function synthesiseIn(folder: string, cwd: string): Map<string, Buffer> {
  execFileSync(process.execPath, ['--import', 'tsx', path.join(folder, 'main.ts')], {
    cwd,
    env: { ...process.env, CDKTF_OUTDIR: path.join(folder, 'cdktf.out'), SMOOTHER_BACKEND: '' },
  });
  return written(folder);
}

const folders: string[] = [];

/** A checkout of its own, in a folder with a space in its name. */
function checkout(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'smoother checkout '));
  folders.push(folder);
  for (const name of ['src', 'handlers'])
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  for (const name of ['main.ts', 'package.json', 'tsconfig.json', 'cdktf.json']) {
    copyFileSync(path.join(ROOT, name), path.join(folder, name));
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

let here: string;
let first: Map<string, Buffer>;

beforeAll(() => {
  here = checkout();
  first = synthesiseIn(here, here);
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

test('writes the JSON and a zip for each function', () => {
  expect([...first.keys()].map((file) => path.basename(file)).sort()).toEqual([
    'cdk.tf.json',
    'invocation.zip',
    'prioritization.zip',
    'reporting.zip',
    'request-ingestion.zip',
  ]);
});

test('twice in a row gives the same, byte for byte', () => {
  expect(synthesiseIn(here, here)).toEqual(first);
});

test('in another folder, too', () => {
  const elsewhere = checkout();
  expect(synthesiseIn(elsewhere, elsewhere)).toEqual(first);
});

test('bakes no path of this machine in', () => {
  const json = String(first.get('cdk.tf.json'));
  expect(json).not.toContain(here);
  expect(json).not.toContain(ROOT);
  expect(JSON.parse(json).terraform.backend).toEqual({
    local: { path: `../../../terraform.${STACK}.tfstate` },
  });
});
