/** Other people's Bedrock clients, unmodified: examples/clients has a script for each. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { PROJECT_FOLDER } from '../run/synthesis.ts';
import { MissingToolError } from './errors.ts';
import { provideNodePackages, runNpm } from './node-packages.ts';
import { providePythonPackages } from './python-tool.ts';

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

/** The scripts with the packages of their lock file, and with our own package as it is now. */
function provideNodeScripts(folder: string): string {
  runNpm(['run', '--silent', 'package'], PROJECT_FOLDER);
  const built = path.join(PROJECT_FOLDER, OUR_PACKAGE);
  const copy = provideNodePackages('clients-node', folder, (root) => {
    // The lock file names our package by its place, relative to the scripts.
    cpSync(built, path.join(root, OUR_PACKAGE), { recursive: true });
  });
  cpSync(built, path.join(copy, 'node_modules', 'bedrock-request-smoother'), { recursive: true });
  return copy;
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
