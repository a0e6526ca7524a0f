import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeTemporaryFolder } from '../../src/local/temporary-folder.ts';

const parent = mkdtempSync(path.join(tmpdir(), 'temporary-folder-test-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** The id of a process that has ended. */
const dead = Number(spawnSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).stdout);

it('removes what a process left that no longer runs, and nothing else', async () => {
  const mine = await makeTemporaryFolder('local-cloud', parent);
  const left = mine.replace(`-${process.pid}-`, `-${dead}-`);
  const elsewhere = left.replace(/-[0-9a-f]{8}-(\d+)-/, '-00000000-$1-');
  const strange = path.join(parent, `somebody-else-${dead}-abc`);
  for (const folder of [left, elsewhere, strange]) {
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'file'), '');
  }
  expect(left).not.toBe(mine);
  const next = await makeTemporaryFolder('synthesis', parent);
  expect([mine, next, left, elsewhere, strange].map(existsSync)).toEqual([true, true, false, true, true]);
});
