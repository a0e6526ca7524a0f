import { copyFileSync, cpSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');

/** A copy of all that a synthesis reads, in a folder of its own with a space in its name. */
export function checkout(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'smoother checkout '));
  for (const name of ['src', 'handlers']) {
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  }
  for (const name of ['main.ts', 'package.json', 'tsconfig.json', 'cdktf.json']) {
    copyFileSync(path.join(ROOT, name), path.join(folder, name));
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}
