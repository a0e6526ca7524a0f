import { spawnSync } from 'node:child_process';
import { isRunning } from '../../local/processes.ts';
import { InterruptedError } from '../errors.ts';

const LOOK_EVERY_MS = 500;
/** A shell in what `ps` prints: the id of its parent, and its name. */
const SHELL = /^\s*(\d+)\s+\S*?(?:ba|da|a|k|z)?sh\s*$/;

/** Resolves on Ctrl-C, a termination request, or when the terminal closes. The next one ends the process at once. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

/** Aborts with an InterruptedError when `untilSignal` resolves. */
export function interruption(): AbortSignal {
  const interrupt = new AbortController();
  void untilSignal().then(() => interrupt.abort(new InterruptedError()));
  return interrupt.signal;
}

/**
 * npm runs a command in a shell, which does not pass on a termination request, and which outlives npm when that is killed.
 * So the end of either is taken for a termination request.
 */
export function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const npm = npmBehind(parent);
  const watch = setInterval(() => {
    if (process.ppid === parent && isRunning(npm)) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_EVERY_MS);
  watch.unref();
}

/** Who reads our output may have enough of it, as `head` does. There is nothing left to say then, and the work ends at once. */
export function endWithReader(exitCode: number): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(exitCode);
    });
  }
}

/** The parent of the shell, or the process itself when it is none: some shells are replaced by their only command. */
function npmBehind(pid: number): number {
  const { stdout } = spawnSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' });
  const [, shell] = SHELL.exec(stdout ?? '') ?? [];
  return shell === undefined ? pid : Number(shell);
}
