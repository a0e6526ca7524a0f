/**
 * How shapes that outlive a deployment change (docs/upgrades.md): what is added is optional, and a
 * version changes only when today's reader would misread what is written.
 */
import { checked, type TypesOf } from './checked.ts';
import { UnknownVersionError } from './errors.ts';

/** The version in which each shape is written, and the newest that is understood. */
export const VERSIONS = {
  record: 1,
  result: 1,
  'hold message': 1,
  payload: 1,
  'lane memory': 1,
  'lane estimates': 1,
  batch: 1,
  'batch continuation': 1,
} as const;

/**
 * A parsed message or object, when this release can read it.
 * @throws {UnknownVersionError} for what a newer release has written: it is left for one that can read it
 * @throws {MalformedError} for what no release has written
 */
export function known<T extends { v: number }>(
  shape: keyof typeof VERSIONS,
  value: unknown,
  types: TypesOf<T>,
): T {
  const { v } = checked<{ v: number }>(shape, value, { v: 'number' });
  if (v !== VERSIONS[shape]) throw new UnknownVersionError(shape, v, VERSIONS[shape]);
  return checked<T>(shape, value, types);
}
