/** What a waiting request will be charged, by what the lane's requests have been charged lately. */
import type { ReportRows } from '../reporting/ports.ts';
import { readRows } from '../reporting/read.ts';
import type { ChargeOf } from './backlog.ts';

const LATELY_MS = 30 * 60_000;
/** Of an answer of unknown length, before there has been any. */
const FIRST_GUESS_TOKENS = 500;

export async function chargesOf(
  rows: Pick<ReportRows, 'rows'>,
  lane: string,
  now: number,
): Promise<ChargeOf> {
  return chargesBy(await readRows(rows, lane, now - LATELY_MS, now));
}

/** An answer counts as much as the average one did, but never more than it may have. */
export function chargesBy(rows: readonly { counters: Record<string, number> }[]): ChargeOf {
  const sum = (name: string) => rows.reduce((all, { counters }) => all + (counters[name] ?? 0), 0);
  const completed = sum('completed');
  const answer =
    completed === 0
      ? FIRST_GUESS_TOKENS
      : Math.max(0, sum('charged_tokens') - sum('input_tokens')) / completed;
  return ({ input_tokens, max_tokens = Number.POSITIVE_INFINITY }) =>
    input_tokens + Math.min(answer, max_tokens);
}
