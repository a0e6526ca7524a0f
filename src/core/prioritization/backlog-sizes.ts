/**
 * How much waits in a lane, by priority and tenant, without ever reading a long backlog: a leader reads the heads of each queue
 * anyway, and beyond them only what has newly come. What it has counted once it counts down as it releases.
 *
 * A request's place is when it was sent, and ingestion may be minutes behind, so what newly comes is not what was sent since the
 * last count. The count follows the arrivals instead of the clock: it has settled all places before those that came lately.
 *
 * Such a count drifts: a cancelled request leaves unseen, a throttled one returns, a leader dies. It heals because each line is
 * served in order. Whatever was in the line at some time (the mark) is gone when its first request came later than that; what
 * the count then still says to be left is an error, and is taken off. And a line that is read whole is known exactly.
 */
import { concurrently } from '../concurrently.ts';
import {
  ARRIVALS_MS,
  type BacklogFigures,
  backlogFigures,
  type LineFigures,
} from '../lane/backlog-figures.ts';
import { parseBacklogKey } from '../request/keys.ts';
import type { Backlog, BacklogEntry } from '../request/ports.ts';
import type { Priority } from '../request/record.ts';

const COUNT_EVERY_MS = 1_000;
/** Read of one queue at a time; more waits for the next time. */
const MOST_READ = 2_000;
const CONCURRENT_READS = 20;
/** A line's mean charge is that of about so many requests. */
const CHARGES = 500;
/** To a successor, the mean that it was handed counts as much as so many requests of its own. */
const HANDED_CHARGES = 50;
/** The rate at which requests come is that of about so long. */
const RATE_MS = 30_000;
const LEAST_PER_MINUTE = 0.1;
/** So many lines are left to a successor, which counts all others from their beginning. */
const MOST_LEFT = 100;

/** What has been read of a queue. */
export interface SeenQueue {
  backlog_key: string;
  heads: readonly BacklogEntry[];
  /** Everything that waits there. */
  whole: boolean;
}

interface Line {
  priority: Priority;
  tenant: string;
  /** Waiting requests whose place is at or before `countedTo`, epoch milliseconds. */
  counted: number;
  countedTo: number;
  /** Those after it, which are counted anew each time: others may come in between. */
  recent: number;
  /** Those that were accepted lately. */
  arrived: number;
  /** Mean of what their calls are expected to be charged; undefined before any was seen. */
  charge?: number;
  charges: number;
  /** Requests that come in a minute, as of late, and since when that is known. */
  perMinute: number;
  knownSince: number;
  /** How many there were when they were counted last, and how many have left since. */
  known: number;
  gone: number;
  mark: { at: number; left: number };
}

/** What a successor goes on from. */
export interface SizesState {
  at: number;
  arrived: number;
  lines: [
    priority: Priority,
    tenant: string,
    counted: number,
    countedTo: number,
    recent: number,
    charge: number,
    perMinute: number,
    markAt: number,
    left: number,
  ][];
}

export class BacklogSizes {
  readonly #lines = new Map<string, Line>();
  readonly #backlog: Pick<Backlog, 'since'>;
  /** When requests were accepted that were released lately. */
  #released: number[] = [];
  #countedAt = Number.NEGATIVE_INFINITY;
  #dueAt = Number.NEGATIVE_INFINITY;
  #arrived: number;
  readonly #tookOver: { at: number; arrived: number };

  /** @param before what a predecessor has left: the longer ago, the more is counted again */
  constructor(backlog: Pick<Backlog, 'since'>, now: number, before?: SizesState) {
    this.#backlog = backlog;
    this.#countedAt = before?.at ?? Number.NEGATIVE_INFINITY;
    this.#arrived = before?.arrived ?? 0;
    this.#tookOver = { at: now, arrived: this.#arrived };
    for (const [priority, tenant, counted, countedTo, recent, charge, perMinute, at, left] of before?.lines ??
      []) {
      // Where no charge has been seen, the state says 0.
      const charges = charge > 0 ? HANDED_CHARGES : 0;
      this.#lines.set(nameOf({ priority, tenant }), {
        ...{ priority, tenant, counted, countedTo, recent, charge, charges, perMinute },
        ...{ known: counted + recent, gone: 0, arrived: 0, knownSince: 0 },
        mark: { at, left },
      });
    }
  }

  /**
   * Counts, when it is time, what has newly come.
   * @param isGone has been released, whatever the index still shows
   */
  async refresh(
    now: number,
    queues: readonly SeenQueue[],
    chargeOf: (entry: BacklogEntry) => number,
    isGone: (entry: BacklogEntry) => boolean,
  ): Promise<void> {
    if (now < this.#dueAt) return;
    this.#dueAt = now + COUNT_EVERY_MS;
    const sinceMs = Math.min(now - this.#countedAt, RATE_MS);
    this.#countedAt = now;
    const byLine = new Map<string, SeenQueue[]>();
    for (const queue of queues) {
      const name = nameOf(parseBacklogKey(queue.backlog_key));
      byLine.set(name, [...(byLine.get(name) ?? []), queue]);
    }
    for (const [name, line] of this.#lines) {
      if (byLine.has(name)) continue;
      Object.assign(line, { counted: 0, recent: 0, arrived: 0 });
      rate(line, now, sinceMs);
      if (line.perMinute < LEAST_PER_MINUTE) this.#lines.delete(name);
    }
    await concurrently([...byLine], CONCURRENT_READS, async ([name, own]) => {
      const line = this.#lines.get(name) ?? newLine(own, now - ARRIVALS_MS);
      this.#lines.set(name, line);
      const counted = await this.#count(line, own, now, isGone);
      rate(line, now, sinceMs);
      const samples = line.charges === 0 ? own.flatMap(({ heads }) => heads) : counted;
      for (const entry of samples) weigh(line, chargeOf(entry));
    });
    const since = now - ARRIVALS_MS;
    this.#released = this.#released.filter((at) => at > since);
    const arrived = [...this.#lines.values()].reduce(
      (sum, { arrived }) => sum + arrived,
      this.#released.length,
    );
    // What a predecessor released of these is not known.
    const unknown = now < this.#tookOver.at + ARRIVALS_MS ? this.#tookOver.arrived : 0;
    this.#arrived = Math.max(arrived, unknown);
  }

  /** These leave the backlog now. */
  remove(entries: readonly BacklogEntry[]): void {
    for (const entry of entries) {
      this.#released.push(entry.accepted_at);
      const line = this.#lines.get(nameOf(entry));
      if (line === undefined) continue;
      const { mark } = line;
      line.gone += 1;
      if (entry.backlog_order > line.countedTo) line.recent = Math.max(0, line.recent - 1);
      // What was never counted is not counted down.
      else if (entry.backlog_order > mark.at || mark.left > 0) line.counted = Math.max(0, line.counted - 1);
      if (entry.backlog_order <= mark.at) mark.left = Math.max(0, mark.left - 1);
    }
  }

  /** By the last count, less what has left since. */
  get figures(): BacklogFigures {
    const lines = [...this.#lines.values()].flatMap((line): LineFigures[] => {
      const { priority, tenant, counted, recent, charge = 0, perMinute } = line;
      const requests = counted + recent;
      if (requests + perMinute < LEAST_PER_MINUTE) return [];
      return [[priority, tenant, requests, Math.round(charge), Number(perMinute.toFixed(1))]];
    });
    return backlogFigures(this.#countedAt, this.#arrived, lines);
  }

  /** For a successor. */
  get state(): SizesState {
    const lines = [...this.#lines.values()]
      .sort((a, b) => b.counted + b.recent - a.counted - a.recent)
      .slice(0, MOST_LEFT)
      .map(({ priority, tenant, counted, countedTo, recent, charge = 0, perMinute, mark }) => {
        const figures = [Math.round(charge), Number(perMinute.toFixed(1)), mark.at, mark.left] as const;
        return [
          priority,
          tenant,
          counted,
          countedTo,
          recent,
          ...figures,
        ] satisfies SizesState['lines'][number];
      });
    return { at: this.#countedAt, arrived: this.#arrived, lines };
  }

  /** Returns requests that no earlier count has seen, as far as they can be told. */
  async #count(
    line: Line,
    queues: readonly SeenQueue[],
    now: number,
    isGone: (entry: BacklogEntry) => boolean,
  ): Promise<BacklogEntry[]> {
    const before = line.countedTo;
    const heads = queues.flatMap((queue) => queue.heads);
    if (queues.every(({ whole }) => whole)) {
      // Nothing of it is settled: the next count sees what may yet come in between.
      const countedTo = heads.reduce((least, { backlog_order }) => Math.min(least, backlog_order), now) - 1;
      settle(line, heads, now);
      Object.assign(line, { counted: 0, recent: heads.length, countedTo, mark: { at: countedTo, left: 0 } });
      return heads;
    }
    const found: BacklogEntry[] = [];
    let readTo = now;
    for (const { backlog_key, heads, whole } of queues) {
      if (whole) {
        found.push(...heads.filter(({ backlog_order }) => backlog_order > before));
        continue;
      }
      const read = await this.#backlog.since(backlog_key, before, MOST_READ);
      const last = read.at(-1);
      if (read.length === MOST_READ && last) readTo = Math.min(readTo, last.backlog_order);
      found.push(...read.filter((entry) => !isGone(entry)));
    }
    const countedTo = Math.min(readTo, settle(line, found, now));
    const settled = found.filter(({ backlog_order }) => backlog_order <= countedTo);
    const recent = found.length - settled.length;
    Object.assign(line, { counted: line.counted + settled.length, recent, countedTo });
    const first = heads.reduce((least, { backlog_order }) => Math.min(least, backlog_order), now);
    const areRead = queues.every(({ heads, whole }) => whole || heads.length > 0);
    if (areRead && first > line.mark.at) {
      line.counted = Math.max(0, line.counted - line.mark.left);
      line.mark = { at: line.countedTo, left: line.counted };
    }
    line.counted = Math.max(line.counted, heads.length - recent);
    return settled;
  }
}

/** The estimates that a leader leaves, with the sizes in them. */
export function withSizes(estimates: string, state: SizesState): string {
  return `${estimates.slice(0, -1)},"backlog":${JSON.stringify(state)}}`;
}

/** Undefined in what earlier releases wrote. */
export function sizesIn(estimates: string | undefined): SizesState | undefined {
  return estimates === undefined ? undefined : (JSON.parse(estimates) as { backlog?: SizesState }).backlog;
}

function newLine([queue]: readonly SeenQueue[], knownSince: number): Line {
  const { priority, tenant } = parseBacklogKey(queue?.backlog_key ?? '');
  const none = {
    counted: 0,
    countedTo: 0,
    recent: 0,
    arrived: 0,
    known: 0,
    gone: 0,
    charges: 0,
    perMinute: 0,
  };
  return { priority, tenant, ...none, knownSince, mark: { at: 0, left: 0 } };
}

/** Notes what has come lately, and returns up to which place nothing more is to be expected. */
function settle(line: Line, found: readonly BacklogEntry[], now: number): number {
  const lately = found.filter(({ accepted_at }) => accepted_at > now - ARRIVALS_MS);
  line.arrived = lately.length;
  const settled =
    lately.length > 0
      ? lately.reduce((least, { backlog_order }) => Math.min(least, backlog_order - 1), now)
      : found.reduce((most, { backlog_order }) => Math.max(most, backlog_order), 0);
  return Math.max(line.countedTo, settled);
}

function nameOf({ priority, tenant }: Pick<BacklogEntry, 'priority' | 'tenant'>): string {
  return `${priority}|${tenant}`;
}

/** After a count: how many have come since the last one. */
function rate(line: Line, now: number, sinceMs: number): void {
  const size = line.counted + line.recent;
  const arrived = Math.max(0, size + line.gone - line.known);
  Object.assign(line, { known: size, gone: 0 });
  // The first ones weigh more, as if the rate had always been so.
  const knownMs = now - line.knownSince;
  const part = (1 - Math.exp(-sinceMs / RATE_MS)) / (1 - Math.exp(-knownMs / RATE_MS));
  const rateNow = (arrived * 60_000) / Math.min(sinceMs, knownMs);
  line.perMinute += Math.min(1, part) * (rateNow - line.perMinute);
}

function weigh(line: Line, charge: number): void {
  line.charges = Math.min(CHARGES, line.charges + 1);
  line.charge = (line.charge ?? 0) + (charge - (line.charge ?? 0)) / line.charges;
}
