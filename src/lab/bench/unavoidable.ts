/**
 * What a request must wait although its scheduler is as good as can be. The yardstick is generalised processor sharing: a
 * fluid that serves all waiting priorities at once, each at its weight's share of the quota, and inside each all tenants with a
 * backlog alike. Packets cannot be poured, so the best packet schedule is behind the fluid by one request (Parekh and Gallager,
 * 1993): the one that has just been let in when an urgent one comes.
 *
 * No minute holds more than a minute's quota: nobody knows how Bedrock measures it, so a schedule must be safe however it does.
 * All work flows evenly, so that there is room when urgent work comes. Urgent work that comes after a rest of urgent work, of up to a
 * minute, may take as much more at once as the minute has room for.
 */
import { PRIORITY_WEIGHTS } from '../../core/lane/priority-weights.ts';
import { PRIORITIES, type Priority } from '../../core/request/record.ts';

/** The fluid is given no more of what is attainable than is promised to be used. */
const PROMISED_USE = 0.95;
const MINUTE_MS = 60_000;
/** The fluid flows in steps of this length. */
const STEP_MS = 100;
const STEPS_OF_MINUTE = MINUTE_MS / STEP_MS;
/** What is left of a request that has been served. */
const NOTHING_MS = 1e-6;
const [URGENT] = PRIORITIES;

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
  const [first] = requests;
  if (first === undefined) return [];
  const fluid = new Fluid(requests.length);
  let next = 0;
  for (let at = first.arrivedAt; next < requests.length || fluid.waits; at += STEP_MS) {
    for (let come = requests[next]; come !== undefined && come.arrivedAt <= at; come = requests[next]) {
      fluid.add(come, next);
      next += 1;
    }
    fluid.flow(at);
  }
  return fluid.ends;
}

interface Drop {
  index: number;
  leftMs: number;
}

class Fluid {
  /** When each request was served. */
  readonly ends: number[];
  /** What waits of each priority, by tenant. */
  readonly #queues = new Map<Priority, Map<string, Drop[]>>();
  /** What was poured in each step of the last minute, in a circle, and in all. */
  readonly #poured = new Float64Array(STEPS_OF_MINUTE);
  #pouredMs = 0;
  #step = 0;
  /** What urgent work may take at once. */
  #creditMs = MINUTE_MS;

  constructor(count: number) {
    this.ends = new Array<number>(count).fill(Number.POSITIVE_INFINITY);
  }

  get waits(): boolean {
    return this.#queues.size > 0;
  }

  add({ priority, tenant, quotaMs }: FluidRequest, index: number): void {
    const lines = this.#queues.get(priority) ?? new Map<string, Drop[]>();
    this.#queues.set(priority, lines);
    const line = lines.get(tenant);
    const drop = { index, leftMs: quotaMs };
    if (line === undefined) lines.set(tenant, [drop]);
    else line.push(drop);
  }

  /** One step. */
  flow(at: number): void {
    const slot = this.#step % STEPS_OF_MINUTE;
    this.#step += 1;
    this.#pouredMs -= this.#poured[slot] as number;
    const room = Math.max(0, MINUTE_MS * PROMISED_USE - this.#pouredMs);
    const even = Math.min(room, STEP_MS * PROMISED_USE);
    // What goes at once after a rest may fill the whole quota.
    const atOnce = Math.min(this.#creditMs, room / PROMISED_USE - even);
    const share = even * this.#shareOf(URGENT);
    const toUrgent = this.#pour(URGENT, share + atOnce, at);
    const taken = Math.max(0, toUrgent - share);
    this.#creditMs -= taken;
    if (!this.#queues.has(URGENT)) {
      this.#creditMs = Math.min(MINUTE_MS, this.#creditMs + STEP_MS * PROMISED_USE);
    }
    const left = this.#pourOthers(even - (toUrgent - taken), at);
    const poured = even - left + taken * PROMISED_USE;
    this.#poured[slot] = poured;
    this.#pouredMs += poured;
  }

  /** What a priority does not need goes to the others; returns what none of them needs. */
  #pourOthers(amountMs: number, at: number): number {
    let left = amountMs;
    for (let before = Number.POSITIVE_INFINITY; left > NOTHING_MS && left < before; ) {
      before = left;
      const shares = PRIORITIES.map((it): [Priority, number] => [it, this.#shareOf(it, URGENT)]);
      for (const [priority, share] of shares) left -= this.#pour(priority, before * share, at);
    }
    return left;
  }

  /** The part that a priority is entitled to beside all that wait, but for one. */
  #shareOf(priority: Priority, except?: Priority): number {
    if (!this.#queues.has(priority) || priority === except) return 0;
    const waiting = [...this.#queues.keys()].filter((it) => it !== except);
    return PRIORITY_WEIGHTS[priority] / waiting.reduce((sum, it) => sum + PRIORITY_WEIGHTS[it], 0);
  }

  /** Over the tenants alike, as far as they need it; returns how much that was. */
  #pour(priority: Priority, amountMs: number, at: number): number {
    const lines = this.#queues.get(priority);
    let left = amountMs;
    while (lines !== undefined && lines.size > 0 && left > NOTHING_MS) {
      const heads = [...lines.values()].map(([head]) => head?.leftMs ?? 0);
      const each = Math.min(left / lines.size, ...heads);
      left -= each * lines.size;
      for (const [tenant, line] of lines) {
        const [head] = line;
        if (head === undefined) continue;
        head.leftMs -= each;
        if (head.leftMs > NOTHING_MS) continue;
        this.ends[head.index] = at;
        line.shift();
        if (line.length === 0) lines.delete(tenant);
      }
    }
    if (lines?.size === 0) this.#queues.delete(priority);
    return amountMs - left;
  }
}

/** The mean size of what is being served at a random moment. */
function sizeBiasedMean(sizes: readonly number[]): number {
  const sum = sizes.reduce((total, size) => total + size, 0);
  return sum === 0 ? 0 : sizes.reduce((total, size) => total + size * size, 0) / sum;
}
