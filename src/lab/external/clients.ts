/** Other people's Bedrock clients, unmodified: examples/clients has a script for each. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { PROJECT_FOLDER } from '../run/synthesis.ts';
import { MissingToolError } from './errors.ts';
import { providePythonPackages, TOOLS_FOLDER } from './python-tool.ts';

export const FEATURES = ['plain', 'stream', 'tools', 'structured', 'embeddings'] as const;
export type Feature = (typeof FEATURES)[number];

export interface Client {
  name: string;
  language: 'python' | 'node';
  script: string;
}

export const CLIENTS: readonly Client[] = [
  { name: 'boto3', language: 'python', script: 'with_boto3.py' },
  { name: 'AWS CLI', language: 'python', script: 'with_aws_cli.py' },
  { name: 'LiteLLM', language: 'python', script: 'with_litellm.py' },
  { name: 'LangChain (Python)', language: 'python', script: 'with_langchain.py' },
  { name: 'LangChain (JavaScript)', language: 'node', script: 'with-langchain.mjs' },
  { name: 'Vercel AI SDK', language: 'node', script: 'with-vercel-ai-sdk.mjs' },
  { name: 'Anthropic Bedrock SDK', language: 'node', script: 'with-anthropic-bedrock-sdk.mjs' },
];

export interface FeatureResult {
  feature: Feature;
  ok: boolean;
  error?: string;
}

export interface ClientReport {
  results: FeatureResult[];
  /** The script ended by itself, with exit code 0. */
  finished: boolean;
  /** What it wrote to standard error. */
  log: string;
}

/** What runs the scripts of a language: a program, and the folder with the scripts. */
export interface Runner {
  program: string;
  folder: string;
}

export type Runners = Record<Client['language'], Runner | MissingToolError>;

const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';
/** What `npm run package` builds, from the project's folder. */
const OUR_PACKAGE = path.join('dist', 'package');
const LOG_CHARACTERS = 2_000;

/** @param folder examples/clients */
export function provideRunners(folder: string): Runners {
  const [python, node] = [path.join(folder, 'python'), path.join(folder, 'node')];
  return {
    python: attempt(() => ({
      program: providePythonPackages('clients', path.join(python, 'requirements.txt')),
      folder: python,
    })),
    node: attempt(() => ({ program: process.execPath, folder: provideNodeScripts(node) })),
  };
}

function attempt(provide: () => Runner): Runner | MissingToolError {
  try {
    return provide();
  } catch (error) {
    if (error instanceof MissingToolError) return error;
    throw error;
  }
}

/**
 * A copy of the scripts with the packages that package-lock.json names, so that none of them are in the project, and with our
 * own package as it is now.
 */
function provideNodeScripts(folder: string): string {
  const lock = readFileSync(path.join(folder, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const root = path.join(TOOLS_FOLDER, `clients-node-${digest}`);
  const copy = path.join(root, path.relative(PROJECT_FOLDER, folder));
  const built = path.join(PROJECT_FOLDER, OUR_PACKAGE);
  spawned('npm', NPM, ['run', '--silent', 'package'], PROJECT_FOLDER);
  cpSync(folder, copy, { recursive: true, filter: (file) => path.basename(file) !== 'node_modules' });
  // An installation that was interrupted has no such file, and is done again.
  const complete = path.join(root, 'complete');
  if (!existsSync(complete)) {
    console.log(`Installing the packages of ${path.join(folder, 'package-lock.json')} into ${copy} ...`);
    // The lock file names our package by its place, relative to the scripts.
    cpSync(built, path.join(root, OUR_PACKAGE), { recursive: true });
    spawned('npm', NPM, ['ci', '--no-progress', '--ignore-scripts'], copy);
    writeFileSync(complete, '');
  }
  cpSync(built, path.join(copy, 'node_modules', 'bedrock-request-smoother'), { recursive: true });
  return copy;
}

function spawned(tool: string, command: string, args: string[], cwd: string): void {
  const shell = process.platform === 'win32';
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', shell });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim();
  throw new MissingToolError(tool, `"${[command, ...args].join(' ')}" failed: ${reason}`);
}

/** Runs a client's script with further environment variables, which say where Bedrock is. */
export async function runClient(
  { script }: Client,
  { program, folder }: Runner,
  environment: Readonly<Record<string, string>>,
): Promise<ClientReport> {
  const child = spawn(program, [path.join(folder, script)], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-LOG_CHARACTERS);
  });
  const results: FeatureResult[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{"feature"')) results.push(JSON.parse(line));
  });
  const [code] = await once(child, 'close');
  return { results, finished: code === 0, log: log.trim() };
}
