import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PROJECT_FOLDER } from '../../lab/run/synthesis.ts';

/**
 * Runs a Node program in the project's folder, on this terminal.
 * @param interrupted ends the program
 * @returns its exit code
 * @throws the signal's reason
 */
export async function runNode(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  interrupted: AbortSignal,
): Promise<number> {
  interrupted.throwIfAborted();
  const child = spawn(process.execPath, args, {
    cwd: PROJECT_FOLDER,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  const end = () => child.kill();
  interrupted.addEventListener('abort', end);
  const [code] = await once(child, 'exit');
  interrupted.removeEventListener('abort', end);
  interrupted.throwIfAborted();
  return code ?? 1;
}
