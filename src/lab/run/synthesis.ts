import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { makeTemporaryFolder } from '../../local/temporary-folder.ts';

export interface Synthesis {
  /** Parsed `cdk.tf.json`. */
  stack: unknown;
  /** The folder that holds it. */
  folder: string;
  /** Deletes it. */
  remove(): Promise<void>;
}

/** The app could not be built or synthesised; the message says why. */
export class SynthesisError extends Error {
  override readonly name = 'SynthesisError';
}

/** Where main.ts and the handlers are. */
export const PROJECT_FOLDER = path.resolve(import.meta.dirname, '../../..');

const STACK = 'stacks/bedrock-request-smoother';

/**
 * Builds the functions and synthesises the stack, in a process of its own, into a temporary folder.
 * @throws SynthesisError
 */
export async function synthesise(signal?: AbortSignal): Promise<Synthesis> {
  const outdir = await makeTemporaryFolder('synthesis');
  const remove = () => rm(outdir, { recursive: true, force: true });
  try {
    await runApp(outdir, signal);
    const folder = path.join(outdir, STACK);
    return { stack: JSON.parse(await readFile(path.join(folder, 'cdk.tf.json'), 'utf8')), folder, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function runApp(outdir: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const app = spawn(process.execPath, ['--import', 'tsx', 'main.ts'], {
      cwd: PROJECT_FOLDER,
      env: { ...process.env, CDKTF_OUTDIR: outdir },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    let output = '';
    for (const stream of [app.stdout, app.stderr]) stream.on('data', (chunk) => (output += chunk));
    app.once('error', reject);
    app.once('close', (code) => (code === 0 ? resolve() : reject(new SynthesisError(reasonIn(output)))));
  });
}

/** A folder that cannot be written, a disk that is full: one line says it all. Otherwise everything that the app printed. */
function reasonIn(output: string): string {
  const [, systemError] = /^Error: (E[A-Z]+: .*)$/m.exec(output) ?? [];
  return systemError ?? output.trim();
}
