/** Uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * A seeded source: the same seed gives the same run. Mulberry32, whose 32 bits of state are plenty for a
 * simulation and for nothing else.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A source of its own for each purpose, so that one more draw in one place does not shift all others. */
export function forkRandom(seed: number, purpose: string): Random {
  let hash = seed >>> 0;
  for (const character of purpose) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return seededRandom(hash);
}

/** The waiting time until the next arrival of a Poisson process. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** Log-normal by its median and the factor between its median and its 84th percentile (one sigma). */
export function logNormal(random: Random, median: number, sigmaFactor: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return median * sigmaFactor ** normal;
}
