/** Sums by name, as the lanes table keeps them. They only ever grow by addition, in any order. */
export type Counters = Readonly<Record<string, number>>;

export function sumOf(...all: readonly Counters[]): Counters {
  const sum: Record<string, number> = {};
  for (const counters of all) {
    for (const name of Object.keys(counters)) sum[name] = (sum[name] ?? 0) + (counters[name] ?? 0);
  }
  return sum;
}

/** Sums of each slot, the earliest first. */
export function sumsBySlot(
  all: Iterable<readonly [slot: number, counters: Counters]>,
): { slot: number; counters: Counters }[] {
  const sums = new Map<number, Counters>();
  for (const [slot, counters] of all) sums.set(slot, sumOf(sums.get(slot) ?? {}, counters));
  return [...sums].sort(([a], [b]) => a - b).map(([slot, counters]) => ({ slot, counters }));
}

/** What has been added since `before`; names without a change are left out. */
export function differenceOf(now: Counters, before: Counters = {}): Counters {
  const difference: Record<string, number> = {};
  for (const name of Object.keys(now)) {
    const change = (now[name] ?? 0) - (before[name] ?? 0);
    if (change !== 0) difference[name] = change;
  }
  return difference;
}
