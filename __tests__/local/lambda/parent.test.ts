import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { isRunning } from '../../../src/local/processes.ts';

const ENVIRONMENT = path.resolve(import.meta.dirname, '../../../src/local/lambda/execution-environment.ts');
const LOOK_EVERY_MS = 20;

/** Runs a function in an environment of its own, like the local cloud; the function tells its process id. */
const PARENT = `
import { ExecutionEnvironment } from ${JSON.stringify(pathToFileURL(ENVIRONMENT).href)};
const environment = new ExecutionEnvironment({
  taskRoot: process.argv[2],
  variables: { _HANDLER: 'index.handler', LAMBDA_TASK_ROOT: process.argv[2] },
  onLine: (line) => console.log(line),
});
await environment.start();
environment.invoke({ requestId: 'r', functionArn: 'a', event: {}, timeoutMs: 600_000 });
`;

const folder = mkdtempSync(path.join(tmpdir(), 'parent-test-'));
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('the process of a function', () => {
  it('ends when the process that started it is killed, even in the middle of an event', async () => {
    writeFileSync(path.join(folder, 'parent.mts'), PARENT);
    writeFileSync(
      path.join(folder, 'index.mjs'),
      "export const handler = async () => { console.log('pid ' + process.pid); await new Promise((resolve) => setTimeout(resolve, 600_000)); };",
    );
    const parent = spawn(process.execPath, ['--import', 'tsx', path.join(folder, 'parent.mts'), folder], {
      cwd: path.resolve(import.meta.dirname, '../../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.push(parent);
    const [line] = await once(createInterface({ input: parent.stdout }), 'line');
    const pid = Number(/^pid (\d+)$/.exec(line)?.[1]);
    expect(isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isRunning(pid), { interval: LOOK_EVERY_MS, timeout: 30_000 }).toBe(false);
  });
});
