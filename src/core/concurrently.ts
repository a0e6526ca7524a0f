/**
 * Runs `task` for every item, at most `limit` at once.
 * @throws the first error, after all other items have been processed: one failure does not hold up the others.
 */
export async function concurrently<T>(
  items: readonly T[],
  limit: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  let next = 0;
  const work = async () => {
    for (let item = items[next]; next < items.length; item = items[next]) {
      next += 1;
      try {
        await task(item as T);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  if (errors.length > 0) throw errors[0];
}

/** Of what has settled: throws the first error, if there is any. */
export function throwFirst(outcomes: readonly PromiseSettledResult<unknown>[]): void {
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
