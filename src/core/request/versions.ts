/**
 * How shapes that outlive a deployment change (docs/upgrades.md): what is added is optional, and a
 * version changes only when today's reader would misread what is written.
 */
import { UnknownVersionError } from './errors.ts';

/** The version in which each shape is written, and the newest that is understood. */
export const VERSIONS = { record: 1, result: 1, 'hold message': 1, payload: 1, 'lane memory': 1 } as const;

/**
 * A parsed message or object, when this release can read it.
 * @throws {UnknownVersionError} for what a newer release has written: it is left for one that can read it
 */
export function known<T extends { v: number }>(shape: keyof typeof VERSIONS, value: T): T {
  if (value.v !== VERSIONS[shape]) throw new UnknownVersionError(shape, value.v, VERSIONS[shape]);
  return value;
}
