/**
 * What a request must wait although its scheduler is as good as can be. The yardstick is generalised processor sharing: a
 * fluid that serves all waiting priorities at once, each at its weight's share of the quota, and inside each all tenants with a
 * backlog alike. Packets cannot be poured, so the best packet schedule is behind the fluid by one request (Parekh and Gallager,
 * 1993): the one that has just been let in when an urgent one comes.
 *
 * No minute holds more than a minute's quota: nobody knows how Bedrock measures it, so a schedule must be safe however it does.
 * All work flows evenly, so that there is room when urgent work comes. Urgent work that comes after a rest of urgent work, of up to a
 * minute, may take as much more at once as the minute has room for: while calls run, they hold what they reserve.
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

/** What calls hold of the minute, as parts of the time for which they need the whole quota. */
export interface Holding {
  /** For a minute. */
  charged: number;
  /** Beside it, while they run. */
  reserved: number;
  /** For how long that is. */
  runMs: number;
}

const AS_CHARGED: Holding = { charged: 1, reserved: 0, runMs: 0 };

/**
 * Milliseconds for each request of one lane, in the order given, which is that of arrival.
 * @param holdings of urgent calls and of all others; as they are charged unless given
 */
export function unavoidableWaits(
  requests: readonly FluidRequest[],
  holdings = { urgent: AS_CHARGED, others: AS_CHARGED },
): number[] {
  const slotMs = sizeBiasedMean(requests.map(({ quotaMs }) => quotaMs)) / PROMISED_USE;
  const ends = fluidEnds(requests, holdings);
  return requests.map(({ arrivedAt, quotaMs }, index) => {
    const wait = (ends[index] ?? arrivedAt) - arrivedAt - quotaMs / PROMISED_USE;
    return wait <= 0 ? 0 : wait + slotMs;
  });
}

/** When the fluid has served each of them. */
function fluidEnds(
  requests: readonly FluidRequest[],
  { urgent, others }: { urgent: Holding; others: Holding },
): number[] {
  const [first] = requests;
  if (first === undefined) return [];
  const fluid = new Fluid(requests.length, new Account(urgent), new Account(others));
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
  /** What urgent work may take at once. */
  #creditMs = MINUTE_MS;
  readonly #urgent: Account;
  readonly #others: Account;

  constructor(count: number, urgent: Account, others: Account) {
    this.#urgent = urgent;
    this.#others = others;
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
    this.#urgent.step();
    this.#others.step();
    const room = Math.max(0, MINUTE_MS * PROMISED_USE - this.#urgent.pouredMs - this.#others.pouredMs);
    const even = Math.min(room, STEP_MS * PROMISED_USE);
    // What goes at once after a rest may fill the whole quota.
    const free = Math.max(0, MINUTE_MS - this.#urgent.heldMs - this.#others.heldMs);
    const atOnce = Math.min(this.#creditMs, room / PROMISED_USE - even, this.#urgent.fittingInto(free));
    const share = even * this.#shareOf(URGENT);
    const toUrgent = this.#pour(URGENT, share + atOnce, at);
    const taken = Math.max(0, toUrgent - share);
    this.#creditMs -= taken;
    if (!this.#queues.has(URGENT)) {
      this.#creditMs = Math.min(MINUTE_MS, this.#creditMs + STEP_MS * PROMISED_USE);
    }
    const evenToUrgent = toUrgent - taken;
    const left = this.#pourOthers(even - evenToUrgent, at);
    this.#urgent.pour(evenToUrgent + taken * PROMISED_USE);
    this.#others.pour(even - evenToUrgent - left);
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

/** What was poured of one kind in the last minute, step by step. */
class Account {
  /** In a circle, and the sums of a minute and of those that still run. */
  readonly #steps = new Float64Array(STEPS_OF_MINUTE);
  #step = 0;
  #pouredMs = 0;
  #runningMs = 0;
  /** Steps for which a call runs. */
  readonly #runs: number;

  constructor(private readonly holding: Holding) {
    this.#runs = Math.max(1, Math.min(STEPS_OF_MINUTE, Math.ceil(holding.runMs / STEP_MS)));
  }

  step(): void {
    this.#step = (this.#step + 1) % STEPS_OF_MINUTE;
    this.#runningMs -= this.#at(this.#step - this.#runs);
    this.#pouredMs -= this.#at(this.#step);
    this.#steps[this.#step] = 0;
  }

  pour(ms: number): void {
    this.#steps[this.#step] = ms;
    this.#pouredMs += ms;
    this.#runningMs += ms;
  }

  get pouredMs(): number {
    return this.#pouredMs;
  }

  get heldMs(): number {
    const { charged, reserved } = this.holding;
    return charged * this.#pouredMs + reserved * this.#runningMs;
  }

  /** How much can be poured at once where so much more can be held. */
  fittingInto(freeMs: number): number {
    const { charged, reserved } = this.holding;
    const held = charged + reserved;
    return held > 0 ? freeMs / held : Number.POSITIVE_INFINITY;
  }

  #at(step: number): number {
    return this.#steps[(step + STEPS_OF_MINUTE) % STEPS_OF_MINUTE] as number;
  }
}

/** The mean size of what is being served at a random moment. */
function sizeBiasedMean(sizes: readonly number[]): number {
  const sum = sizes.reduce((total, size) => total + size, 0);
  return sum === 0 ? 0 : sizes.reduce((total, size) => total + size * size, 0) / sum;
}
