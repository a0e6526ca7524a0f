import type { InvocationResult } from '../lambda/execution-environment.ts';

/**
 * The items of a batch that must be delivered again: all, when the function failed or its answer cannot be understood;
 * otherwise those that it reports.
 */
export function failedItems(
  result: InvocationResult,
  ids: string[],
  reportsPartialFailures: boolean,
): Set<string> {
  if ('error' in result) return new Set(ids);
  if (!reportsPartialFailures) return new Set();
  const answer = JSON.parse(result.payload) as {
    batchItemFailures?: { itemIdentifier?: unknown }[] | null;
  } | null;
  const failures = answer?.batchItemFailures ?? [];
  const failed = failures.map(({ itemIdentifier }) => itemIdentifier);
  const known = failed.filter((id): id is string => typeof id === 'string' && ids.includes(id));
  // Lambda takes an empty or unknown identifier as a failure of the whole batch.
  return known.length === failed.length ? new Set(known) : new Set(ids);
}
