import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { isRunning } from '../../../src/local/processes.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const SIGNALS = pathToFileURL(path.join(ROOT, 'src/cli/terminal/signals.ts')).href;
const LOOK_EVERY_MS = 50;

/** A command that would run for ten minutes. */
const COMMAND = `
import { endWithNpm } from ${JSON.stringify(SIGNALS)};
endWithNpm();
console.log('pid ' + process.pid);
setTimeout(() => {}, 600_000);
`;
/** Runs a command in a shell as npm does, and stays until that ends. */
const NPM = `
const { spawn } = require('node:child_process');
spawn(process.argv[2], { shell: true, stdio: 'inherit', env: { ...process.env, npm_lifecycle_event: 'start' } });
`;

const folder = mkdtempSync(path.join(tmpdir(), 'signals-test-'));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function startWithNpm(after: string): Promise<{ npm: ChildProcess; pid: number }> {
  const [command, script] = [path.join(folder, 'command.mts'), path.join(folder, 'npm.cjs')];
  writeFileSync(command, COMMAND);
  writeFileSync(script, NPM);
  const line = `"${process.execPath}" --import tsx "${command}"${after}`;
  const npm = spawn(process.execPath, [script, line], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(npm);
  const [printed] = await once(createInterface({ input: npm.stdout }), 'line');
  return { npm, pid: Number(/^pid (\d+)$/.exec(printed)?.[1]) };
}

describe.skipIf(process.platform === 'win32')('a command that npm runs', () => {
  it.each([
    ['in a shell that stays', '; true'],
    ['in a shell that it replaces', ''],
  ])('%s ends when npm is killed', async (_name, after) => {
    const { npm, pid } = await startWithNpm(after);
    expect(isRunning(pid)).toBe(true);
    npm.kill('SIGKILL');
    await expect.poll(() => isRunning(pid), { interval: LOOK_EVERY_MS, timeout: 30_000 }).toBe(false);
  });
});
