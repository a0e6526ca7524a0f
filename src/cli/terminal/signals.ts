import { InterruptedError } from '../errors.ts';

const LOOK_EVERY_MS = 500;

/** Resolves on Ctrl-C, a termination request, or when the terminal is closed. A second one ends the process at once. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

/** Aborts as `untilSignal` resolves, with an InterruptedError. */
export function interruption(): AbortSignal {
  const interrupt = new AbortController();
  void untilSignal().then(() => interrupt.abort(new InterruptedError()));
  return interrupt.signal;
}

/** npm hands a termination request to a shell, which does not pass it on: the end of that shell is taken for it. */
export function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_EVERY_MS);
  watch.unref();
}
