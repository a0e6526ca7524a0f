/** Other people's Bedrock clients, unmodified, on the simulator: examples/clients has a script for each. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
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
  { name: 'LiteLLM', language: 'python', script: 'with_litellm.py' },
  { name: 'LangChain', language: 'python', script: 'with_langchain.py' },
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

/** A copy of the scripts with the packages that package-lock.json names, so that none of them are in the project. */
function provideNodeScripts(folder: string): string {
  const lock = readFileSync(path.join(folder, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const copy = path.join(TOOLS_FOLDER, `clients-node-${digest}`);
  cpSync(folder, copy, { recursive: true });
  // An installation that was interrupted has no such file, and is done again.
  const complete = path.join(copy, 'complete');
  if (existsSync(complete)) return copy;
  console.log(`Installing the packages of ${path.join(folder, 'package-lock.json')} into ${copy} ...`);
  const { status, stderr, error } = spawnSync(NPM, ['ci', '--no-progress', '--ignore-scripts'], {
    cwd: copy,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new MissingToolError('npm', `npm ci failed: ${error?.message ?? stderr.trim()}`);
  writeFileSync(complete, '');
  return copy;
}

/** Runs a client's script against Bedrock at that address. */
export async function runClient(
  { script }: Client,
  { program, folder }: Runner,
  endpoint: string,
): Promise<ClientReport> {
  const child = spawn(program, [path.join(folder, script)], {
    cwd: folder,
    env: { ...process.env, BEDROCK_ENDPOINT: endpoint },
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
