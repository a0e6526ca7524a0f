import { createHash } from 'node:crypto';

/** A number in [0, 1) that depends on its arguments only. */
export function uniform(seed: number, ...parts: (string | number)[]): number {
  const digest = createHash('sha256')
    .update([seed, ...parts].join('\n'))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** A draw from a log-normal distribution with this median; `sigma` is the spread of its logarithm. */
export function logNormal(
  median: number,
  sigma: number,
  seed: number,
  ...parts: (string | number)[]
): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(seed, ...parts, 'radius')));
  return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * uniform(seed, ...parts, 'angle')));
}
