/**
 * The items of a source until the signal aborts, also while the next one is waited for. The source is then told to end, which it may
 * do much later.
 * @throws the signal's reason
 */
export async function* untilAborted<T>(
  source: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let next: IteratorResult<T> | undefined;
  try {
    for (;;) {
      next = undefined;
      next = await unlessAborted(() => iterator.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    if (next !== undefined && !next.done) await iterator.return?.();
    else if (next === undefined && signal?.aborted) void leave(iterator);
  }
}

/** Nobody waits for its end, or hears of what goes wrong there. */
async function leave(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {}
}

async function unlessAborted<T>(work: () => T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  signal?.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal?.reason);
  });
  signal?.addEventListener('abort', abort);
  try {
    const done = await Promise.race([work(), aborted]);
    signal?.throwIfAborted();
    return done;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
