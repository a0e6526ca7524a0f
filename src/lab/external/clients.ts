/** Other people's Bedrock clients, unmodified, on the simulator: examples/clients has a script for each. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { MissingToolError } from './errors.ts';
import { providePythonPackages } from './python-tool.ts';

export const FEATURES = ['plain', 'stream', 'tools', 'structured', 'embeddings'] as const;
export type Feature = (typeof FEATURES)[number];

export interface Client {
  name: string;
  language: 'python' | 'node';
  script: string;
}

export const CLIENTS: readonly Client[] = [
  { name: 'boto3', language: 'python', script: 'python/with_boto3.py' },
  { name: 'LiteLLM', language: 'python', script: 'python/with_litellm.py' },
  { name: 'LangChain', language: 'python', script: 'python/with_langchain.py' },
  { name: 'Vercel AI SDK', language: 'node', script: 'node/with-vercel-ai-sdk.mjs' },
  { name: 'Anthropic Bedrock SDK', language: 'node', script: 'node/with-anthropic-bedrock-sdk.mjs' },
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

/** Programs that run the scripts of each language, with what they need installed. */
export type Interpreters = Record<Client['language'], string | MissingToolError>;

const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const LOG_CHARACTERS = 2_000;

/** @param folder examples/clients */
export function provideInterpreters(folder: string): Interpreters {
  return {
    python: attempt(() => providePythonPackages('clients', path.join(folder, 'python/requirements.txt'))),
    node: attempt(() => {
      installNodeClients(path.join(folder, 'node'));
      return process.execPath;
    }),
  };
}

function attempt(provide: () => string): string | MissingToolError {
  try {
    return provide();
  } catch (error) {
    if (error instanceof MissingToolError) return error;
    throw error;
  }
}

/** What package-lock.json says, beside it, unless that has been done. */
function installNodeClients(folder: string): void {
  const lock = readFileSync(path.join(folder, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex');
  const complete = path.join(folder, 'node_modules/.installed');
  if (existsSync(complete) && readFileSync(complete, 'utf8') === digest) return;
  console.log(`Installing the packages of ${path.join(folder, 'package-lock.json')} ...`);
  const { status, stderr, error } = spawnSync(NPM, ['ci', '--no-progress', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new MissingToolError('npm', `npm ci failed: ${error?.message ?? stderr.trim()}`);
  writeFileSync(complete, digest);
}

/** Runs a client's script against Bedrock at that address. */
export async function runClient(
  { script }: Client,
  interpreter: string,
  { folder, endpoint }: { folder: string; endpoint: string },
): Promise<ClientReport> {
  const child = spawn(interpreter, [path.join(folder, script)], {
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
