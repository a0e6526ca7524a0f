/** Options and headers by name: one that is misspelt would otherwise be ignored without a word. */
import { SmootherUsageError } from './errors.ts';

/**
 * @param known every option by name, which the compiler compares with the type
 * @throws SmootherUsageError that names the options that are unknown, and those that are known
 */
export function checkOptions<Options extends object>(
  given: Options,
  known: { [Name in keyof Options]-?: true },
): void {
  checkNames('option', Object.keys(given), Object.keys(known));
}

/** @throws SmootherUsageError */
export function checkNames(kind: 'option' | 'header', given: readonly string[], known: readonly string[]) {
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const kinds = unknown.length === 1 ? kind : `${kind}s`;
  throw new SmootherUsageError(`${unknown.join(', ')}: unknown ${kinds}; known are ${known.join(', ')}`);
}
