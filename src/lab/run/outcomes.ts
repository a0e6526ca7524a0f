import type { Outcome } from '../../core/request/record.ts';
import { OUTCOMES } from '../../core/request/record.ts';
import type { ResultMessage } from '../../core/request/result.ts';
import type { Waiting } from './utilisation.ts';

/** The time that a request spent waiting for its call. */
export interface RequestWait extends Waiting {
  priority: number;
  /** Accepted → sent to Bedrock, milliseconds; absent when it never was. */
  waitMs?: number;
}

/** Figures of all results, kept small because a file may have a million lines. */
export class Outcomes {
  readonly counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  readonly waitsByModel = new Map<string, RequestWait[]>();

  add({ status, model_id, priority = 0, timings }: ResultMessage): void {
    this.counts[status]++;
    if (status === 'REJECTED' || model_id === undefined) return;
    const { accepted: from, started, finished, wait_ms: waitMs } = timings;
    const waits = this.waitsByModel.get(model_id) ?? [];
    this.waitsByModel.set(model_id, waits);
    waits.push({ from, until: started ?? finished, priority, waitMs });
  }

  get total(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }
}
