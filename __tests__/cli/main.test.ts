import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../../src/cli/run-command.ts';
import { listen } from '../../src/wire/listener.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const RUN = path.join(ROOT, 'scripts/run.mjs');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'smoother-main-'));
  mkdirSync(path.join(folder, 'below'));
  writeFileSync(path.join(folder, 'below/requests.jsonl'), '\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: typeof process.exitCode;
  out: string;
  error: string;
}

/** Runs the command in a process of its own, as a shell of a user with no AWS settings would. */
function spawned(words: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Ended> {
  const { AWS_REGION: _, npm_lifecycle_event: __, npm_package_json: ___, ...environment } = process.env;
  const child = spawn(process.execPath, [RUN, ...words], {
    cwd: folder,
    ...options,
    env: { ...environment, ...options.env },
  });
  let [out, error] = ['', ''];
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (error += chunk));
  return new Promise((resolve) =>
    child.once('close', (code) => resolve({ code: code ?? undefined, out, error })),
  );
}

/** Runs the command in this process, from the same folder. */
async function run(words: string[]): Promise<Ended> {
  const home = process.cwd();
  const out: unknown[] = [];
  const error: unknown[] = [];
  vi.stubEnv('AWS_REGION', undefined);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(text) > 0);
  vi.spyOn(console, 'error').mockImplementation((line) => void error.push(`${line}\n`));
  process.chdir(folder);
  try {
    await runCommand(words);
    return { code: process.exitCode, out: out.join(''), error: error.join('') };
  } finally {
    process.chdir(home);
    process.exitCode = undefined;
  }
}
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('the exit code', () => {
  it('is 0 for help, which no words ask for too', async () => {
    const bare = await spawned([]);
    const asked = await run(['--help']);
    expect([bare.code, asked.code]).toEqual([0, 0]);
    expect(bare.out).toContain('Usage: smoother');
    expect(asked.out).toBe(bare.out);
  });

  it.each([
    [['strat'], "smoother: unknown command 'strat' (Did you mean start?); see smoother --help"],
    [
      ['soak', '--seeds', '1'],
      "smoother: unknown option '--seeds' (Did you mean --seed?); see smoother soak --help",
    ],
    [
      ['fuzz', '--cases', 'many'],
      'smoother: --cases must be a whole number from 1 to 4294967295, got "many"',
    ],
    [
      ['start', '--input', 'below/requests.jsonl'],
      'smoother: --input has no messages in it: below/requests.jsonl',
    ],
    [['../commands/start'], "smoother: unknown command '../commands/start'; see smoother --help"],
  ])('is 2 for %j, with one line that says why', async (words, line) => {
    const { code, out, error } = await run(words);
    expect([code, out, error]).toEqual([2, '', `${line}\n`]);
  });

  it('is 1 when something failed, with one line that says what', async () => {
    const { code, error } = await run(['lanes']);
    expect([code, error]).toEqual([
      1,
      'smoother: no AWS Region was found; set AWS_REGION, or give --outputs\n',
    ]);
  });
});

it('a local cloud whose port is taken fails before it builds anything, and leaves the log of the other one alone', async () => {
  const { port, close } = await listen({ host: '127.0.0.1', port: 0 }, () => undefined);
  const logs = path.join(folder, 'dev.log');
  writeFileSync(logs, 'of the other one');
  const { code, out, error } = await run(['dev', '--port', `${port}`, '--logs', logs]);
  await close();
  expect([code, out]).toEqual([1, '']);
  expect(error).toMatch(/address already in use .*; choose another --port/);
  expect(readFileSync(logs, 'utf8')).toBe('of the other one');
});

it('figures as JSON are all of standard output; the text goes to standard error', async () => {
  const { code, out, error } = await spawned(['fuzz', '--cases', '5', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ seed: 1, cases: 5, broken: [] });
  expect(error).toContain('broken     0');
});

it('run by npm, takes paths from where the user is', async () => {
  const { error } = await spawned(['start', '--input', 'requests.jsonl'], {
    cwd: ROOT,
    env: { npm_package_json: path.join(ROOT, 'package.json'), INIT_CWD: path.join(folder, 'below') },
  });
  expect(error).toBe('smoother: --input has no messages in it: requests.jsonl\n');
});

it('ends quietly when nobody reads its output any more, as head does', async () => {
  const child = spawn(process.execPath, [RUN, 'fuzz', '--cases', '5'], { cwd: folder });
  child.stdout.destroy();
  let error = '';
  child.stderr.on('data', (chunk) => (error += chunk));
  expect([await exitOf(child), error]).toEqual([1, '']);
});

const LOOK_EVERY_MS = 100;

function exitOf(child: ReturnType<typeof spawn>): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
}

/** Resolves with the text that `pattern` finds in what a process prints. */
function printed(child: ReturnType<typeof spawn>, pattern: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      const found = pattern.exec(text);
      if (found) resolve(found[1] ?? '');
    });
    child.once('close', () => reject(new Error(`ended early: ${text}`)));
  });
}

/** Resolves when nobody listens there any more. */
async function gone(url: string): Promise<void> {
  const answers = () =>
    fetch(url)
      .then(() => true)
      .catch(() => false);
  while (await answers()) await setTimeout(LOOK_EVERY_MS);
}

/** The processes that a process has started and that are still there. */
function childrenOf(pid: number | undefined): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = stdout
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  return rows.flatMap(([child = 0, parent]) => (parent === pid ? [child] : []));
}

/** Resolves when none of the processes is there any more. */
async function ended(pids: readonly number[]): Promise<void> {
  while (pids.some(isThere)) await setTimeout(LOOK_EVERY_MS);
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a termination request ends', () => {
  it('the simulator', async () => {
    const child = spawn(process.execPath, [RUN, 'bedrock-simulator'], { cwd: folder });
    const url = await printed(child, /simulator on (\S+)/);
    const [code] = await Promise.all([exitOf(child), child.kill('SIGTERM')]);
    expect(code).toBe(0);
    await gone(`${url}/_simulator/stats`);
  });

  // npm sends it to a shell, which ends without passing it on.
  it.each(['SIGTERM', 'SIGKILL'] as const)('the command whose shell ends with %s', async (signal) => {
    const shell = spawn('sh', ['-c', `"${process.execPath}" "${RUN}" bedrock-simulator; true`], {
      cwd: folder,
      env: { ...process.env, npm_lifecycle_event: 'bedrock-simulator' },
    });
    const url = await printed(shell, /simulator on (\S+)/);
    shell.kill(signal);
    await gone(`${url}/_simulator/stats`);
  });

  it('a run: it says how many were still waiting, and leaves no process behind', async () => {
    const converse = { messages: [{ role: 'user', content: [{ text: 'Hello' }] }] };
    const message = JSON.stringify({ model_id: 'us.amazon.nova-lite-v1:0', converse });
    writeFileSync(path.join(folder, 'many.jsonl'), `${message}\n`.repeat(12));
    const words = [RUN, 'start', '--input', 'many.jsonl', '--rpm', '4'];
    const child = spawn(process.execPath, words, { cwd: folder });
    const interrupted = printed(child, /Interrupted: (\d+) were still waiting/);
    await printed(child, /(Bedrock: )/);
    const functions = childrenOf(child.pid);
    expect(functions.length).toBeGreaterThan(0);
    const [code, waiting] = await Promise.all([exitOf(child), interrupted, child.kill('SIGTERM')]);
    expect(code).toBe(1);
    expect(Number(waiting)).toBeGreaterThan(0);
    await ended(functions);
  }, 300_000);
});
