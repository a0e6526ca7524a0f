/**
 * What a request must wait although its scheduler is as good as can be. The yardstick is generalised processor sharing: a
 * fluid that serves all priorities with a backlog at once, each at its weight's share of the quota, inside each all tenants with
 * a backlog alike, and a whole minute's quota at once after idleness. Packets cannot be poured, so the best packet schedule is
 * behind the fluid by one request (Parekh and Gallager, 1993): the one that has just been let in when an urgent one comes.
 */
import { PRIORITY_WEIGHTS } from '../../core/lane/priority-weights.ts';
import type { Priority } from '../../core/request/record.ts';

/** The fluid is given no more of what is attainable than is promised to be used. */
const PROMISED_USE = 0.95;
const MINUTE_MS = 60_000;

export interface FluidRequest {
  priority: Priority;
  tenant: string;
  arrivedAt: number;
  /** How long the whole quota is needed for it. */
  quotaMs: number;
}

/** Milliseconds for each request of one lane, in the order given, which is that of arrival. */
export function unavoidableWaits(requests: readonly FluidRequest[]): number[] {
  const slotMs = sizeBiasedMean(requests.map(({ quotaMs }) => quotaMs)) / PROMISED_USE;
  const ends = fluidEnds(requests);
  return requests.map(({ arrivedAt, quotaMs }, index) => {
    const wait = (ends[index] ?? arrivedAt) - arrivedAt - quotaMs / PROMISED_USE;
    return wait <= 0 ? 0 : wait + slotMs;
  });
}

/** When the fluid has served each of them. */
function fluidEnds(requests: readonly FluidRequest[]): number[] {
  const fluid = new Fluid();
  const ends = new Array<number>(requests.length).fill(Number.POSITIVE_INFINITY);
  requests.forEach(({ priority, tenant, arrivedAt, quotaMs }, index) => {
    fluid.flow(arrivedAt, ends);
    fluid.add(priority, tenant, { index, leftMs: quotaMs });
  });
  fluid.flow(Number.POSITIVE_INFINITY, ends);
  return ends;
}

interface Drop {
  index: number;
  leftMs: number;
}

/** What waits of one priority, by tenant. */
type Lines = Map<string, Drop[]>;

class Fluid {
  readonly #queues = new Map<Priority, Lines>();
  /** What may be poured at once. */
  #creditMs = MINUTE_MS;
  #at = Number.NEGATIVE_INFINITY;

  add(priority: Priority, tenant: string, drop: Drop): void {
    const lines: Lines = this.#queues.get(priority) ?? new Map();
    this.#queues.set(priority, lines);
    const line = lines.get(tenant);
    if (line === undefined) lines.set(tenant, [drop]);
    else line.push(drop);
  }

  /** Lets it flow until then, and notes what ends meanwhile. */
  flow(until: number, ends: number[]): void {
    while (this.#queues.size > 0) {
      const weights = [...this.#queues.keys()].reduce((sum, it) => sum + PRIORITY_WEIGHTS[it], 0);
      const shareOf = (priority: Priority, lines: Lines) => PRIORITY_WEIGHTS[priority] / weights / lines.size;
      /** Until the first of the heads ends, in the whole quota's time. */
      let needsMs = Number.POSITIVE_INFINITY;
      for (const [priority, lines] of this.#queues) {
        const share = shareOf(priority, lines);
        for (const [head] of lines.values()) needsMs = Math.min(needsMs, (head?.leftMs ?? 0) / share);
      }
      const creditedMs = Math.min(needsMs, this.#creditMs);
      const flowingMs = Math.min((needsMs - creditedMs) / PROMISED_USE, until - this.#at);
      this.#creditMs -= creditedMs;
      this.#at += flowingMs;
      this.#pour(creditedMs + flowingMs * PROMISED_USE, shareOf, ends);
      if (this.#at >= until) return;
    }
    const idleMs = Number.isFinite(this.#at) ? until - this.#at : MINUTE_MS / PROMISED_USE;
    this.#creditMs = Math.min(MINUTE_MS, this.#creditMs + idleMs * PROMISED_USE);
    this.#at = until;
  }

  #pour(amountMs: number, shareOf: (priority: Priority, lines: Lines) => number, ends: number[]): void {
    for (const [priority, lines] of this.#queues) {
      const each = amountMs * shareOf(priority, lines);
      for (const [tenant, line] of lines) {
        const [head] = line;
        if (head === undefined) continue;
        head.leftMs -= each;
        if (head.leftMs > 1e-6) continue;
        ends[head.index] = this.#at;
        line.shift();
        if (line.length === 0) lines.delete(tenant);
      }
      if (lines.size === 0) this.#queues.delete(priority);
    }
  }
}

/** The mean size of what is being served at a random moment. */
function sizeBiasedMean(sizes: readonly number[]): number {
  const sum = sizes.reduce((total, size) => total + size, 0);
  return sum === 0 ? 0 : sizes.reduce((total, size) => total + size * size, 0) / sum;
}
