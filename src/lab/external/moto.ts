/** moto, an independent emulator of AWS, as a server of its own on a free port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { ExternalToolError } from './errors.ts';
import type { PythonTool } from './python-tool.ts';

export const MOTO: PythonTool = { command: 'moto_server', requirement: 'moto[server]==5.2.5' };

export interface Moto {
  endpoint: string;
  stop(): Promise<void>;
}

const START_MS = 60_000;
const LOOK_EVERY_MS = 100;

/**
 * Starts it, on 127.0.0.1, and waits until it answers.
 * @param program moto_server's path
 * @throws ExternalToolError when it ends or does not answer
 */
export async function startMoto(program: string): Promise<Moto> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = spawn(program, ['--host', '127.0.0.1', '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  server.stderr.on('data', (chunk) => {
    output = (output + chunk).slice(-2_000);
  });
  const ended = Promise.race([
    once(server, 'exit').then(([code]) => `it ended with ${code}:\n${output.trim()}`),
    once(server, 'error').then(([error]) => String(error)),
  ]);
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
  };
  const given = new AbortController();
  const trouble = await Promise.race([
    answers(endpoint, given.signal),
    ended,
    setTimeout(START_MS, `no answer within ${START_MS / 1_000} s:\n${output.trim()}`, given),
  ]);
  given.abort();
  if (trouble === undefined) return { endpoint, stop };
  await stop();
  throw new ExternalToolError(MOTO.command, trouble);
}

async function answers(endpoint: string, signal: AbortSignal): Promise<undefined> {
  while (!signal.aborted) {
    const answered = await fetch(`${endpoint}/moto-api/data.json`, { signal }).catch(() => undefined);
    if (answered?.ok) {
      await answered.arrayBuffer();
      return;
    }
    await setTimeout(LOOK_EVERY_MS);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port was given');
  return address.port;
}
