/** What the invariants about shares have in common. */
import fc from 'fast-check';
import { StartTags } from '../../src/core/lane/engine/start-tags.ts';
import type { BacklogEntry } from '../../src/core/request/ports.ts';
import { replaced } from './invariant.ts';
import type { Release, Sabotage } from './lane-run.ts';
import { range, share, surroundings } from './scenario.ts';

/** Enough for more than all minutes of a run. */
export const ENDLESS = 1_200;
/** Who was served what is not remembered. */
export const noAccount: Sabotage = { engine: replaced(StartTags, 'serve', () => () => undefined) };

/** The engine takes each request for what `as` makes of it. */
export function disguised(as: (entry: BacklogEntry) => Partial<BacklogEntry>): Sabotage {
  return {
    told: (input) => ({
      ...input,
      queues: input.queues.map((queue) => queue.map((entry) => ({ ...entry, ...as(entry) }))),
    }),
  };
}

/** Sizes that differ, small against the quota. */
export const sizes = fc.record({
  input: range(200, 1_000),
  maxTokens: fc.integer({ min: 100, max: 1_000 }),
  answer: share(),
});
/** Calls and starts so short that little is out at once. */
export const quick = surroundings.map((it) => ({
  ...it,
  ...{ tickMs: Math.min(it.tickMs, 600), callMs: [500, 5_000] as const, startDelayMs: [50, 1_000] as const },
}));

/** Tokens charged, by what `of` says of a release. */
export function charged<K>(releases: readonly Release[], of: (release: Release) => K): Map<K, number> {
  const sums = new Map<K, number>();
  for (const release of releases) sums.set(of(release), (sums.get(of(release)) ?? 0) + release.charged);
  return sums;
}

/** The largest request, as far as calls can show. */
export function largest(releases: readonly Release[]): number {
  return Math.max(0, ...releases.map(({ reserved }) => reserved));
}
