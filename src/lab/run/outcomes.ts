import type { Outcome } from '../../core/request/record.ts';
import { OUTCOMES } from '../../core/request/record.ts';
import type { ResultMessage } from '../../core/request/result.ts';
import type { Waiting } from './utilisation.ts';

/** The numbers of all results, kept small: a file may have a million lines. */
export class Outcomes {
  readonly counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  readonly waitsByPriority = new Map<number, number[]>();
  readonly waitsByModel = new Map<string, Waiting[]>();

  add({ status, model_id, priority, timings }: ResultMessage): void {
    this.counts[status]++;
    if (status === 'REJECTED' || model_id === undefined) return;
    push(this.waitsByModel, model_id, { from: timings.accepted, until: timings.started ?? timings.finished });
    if (timings.wait_ms !== undefined && priority !== undefined) {
      push(this.waitsByPriority, priority, timings.wait_ms);
    }
  }

  get total(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }
}

/** The value that `share` (0 to 1) of them do not exceed: nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
