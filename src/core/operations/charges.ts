/** What a waiting request will be charged, by what the lane's requests have been charged lately. */
import { chargesIn } from '../lane/expected-charge.ts';
import type { ReportRows } from '../reporting/ports.ts';
import { readRows } from '../reporting/read.ts';
import type { ChargeOf } from './backlog.ts';

const LATELY_MS = 30 * 60_000;

export async function chargesOf(
  rows: Pick<ReportRows, 'rows'>,
  lane: string,
  now: number,
): Promise<ChargeOf> {
  return chargesBy(lane, await readRows(rows, lane, now - LATELY_MS, now));
}

/** An answer is charged what the average one was. */
export function chargesBy(lane: string, rows: readonly { counters: Record<string, number> }[]): ChargeOf {
  const sum = (name: string) => rows.reduce((all, { counters }) => all + (counters[name] ?? 0), 0);
  const completed = sum('completed');
  const answer =
    completed === 0 ? undefined : Math.max(0, sum('charged_tokens') - sum('input_tokens')) / completed;
  return chargesIn(lane, answer);
}
