/**
 * A lane's running account of what Bedrock has deducted, so that we know what Bedrock would say before asking.
 *
 * It counts every release from the moment of the release until a minute after its start, with its reservation until
 * the call has ended and with its charge from then on. Bedrock counts the call for a subset of that time with no more,
 * whatever the delay between release and start. So when the account holds no more than the limit at every
 * release, no minute at Bedrock does, and that sliding minute implies the fixed one and the token bucket:
 * - a fixed minute holds a subset of the starts that the sliding minute at its end holds;
 * - a bucket that was last full at s has refilled limit × (t − s) / 60 s since, and the starts since s lie in at most
 *   ⌊(t − s) / 60 s⌋ + 1 sliding minutes.
 * A charge above its reservation (debt) is known only at the call's end: it counts a minute from there.
 */
import { START_WINDOW_MS } from '../../request/times.ts';
import { type Bin, DEBT_BIN_MS, type SlotReport, START_BIN_MS } from '../call-counters.ts';
import { SLOT_MS } from '../call-report.ts';
import { Outlook } from './outlook.ts';

export const WINDOW_MS = 60_000;

/** Requests and tokens: what is used, or what there is room for. */
export interface Amount {
  requests: number;
  tokens: number;
}

/** What is used, or may turn out to be. */
export interface LedgerTotals extends Amount {
  /** Of the tokens, because what is held for calls that have not ended is an estimate: tokens². */
  variance: number;
}

/** Independent errors add up to no more than this many standard deviations, but for one time in a hundred and sixty. */
const CONFIDENCE = 2.5;

/** What running calls will owe is not known either: so much of its standard deviation is left free of a minute's releases. */
const OWED_CONFIDENCE = 0.75;

/** The tokens of an estimate, on the safe side. */
export function atMost({ tokens, variance }: Omit<LedgerTotals, 'requests'>): number {
  return tokens + CONFIDENCE * Math.sqrt(variance);
}

/** What the leader has released in one slot. */
export interface SlotReleases {
  releases: number;
  /** Bundles they were sent in: each takes one worker. */
  bundles: number;
  /** Sum of their reservations, as the records say. */
  reserved: number;
  /** Sum of what is held for them until they end: at least the reservations. */
  held: number;
  variance: number;
  /** Sum of the charges to expect. */
  expected: number;
}

/** What invocations have told about a slot so far. */
type SlotEnds = Pick<
  SlotReport,
  'ended' | 'bundles_ended' | 'reserved' | 'starts' | 'running' | 'charges' | 'debts' | 'holders'
>;

interface Slot extends SlotReleases {
  ends: SlotEnds;
}

/** Bounds of the delay between a release and its start at Bedrock, milliseconds. */
export interface StartDelay {
  earliest: number;
  latest: number;
}

/** Nothing known: an immediate start or one at the very end of the window, in which invocations start calls. */
export const ANY_DELAY: StartDelay = { earliest: 0, latest: START_WINDOW_MS };

export class Ledger {
  readonly #slots = new Map<number, Slot>();

  /** @param leaseMs when a release that has not ended counts as lost: it takes no worker any more. */
  constructor(private readonly leaseMs: number) {}

  /** Counts releases, or takes back with negative numbers what was not released after all. */
  release(slot: number, change: SlotReleases): void {
    const entry = this.#slot(slot);
    entry.releases += change.releases;
    entry.bundles += change.bundles;
    entry.reserved += change.reserved;
    entry.held += change.held;
    entry.variance += change.variance;
    entry.expected += change.expected;
  }

  /** Takes in the totals of a slot: reading them twice changes nothing. */
  report(report: SlotReport): void {
    this.#slot(report.slot).ends = report;
  }

  /** What Bedrock may count against a call that is released now, at most. */
  usage(now: number, delay: StartDelay = ANY_DELAY): LedgerTotals {
    const seen = now + delay.earliest - WINDOW_MS;
    const usage = { requests: 0, tokens: 0, variance: 0 };
    for (const [slot, entry] of this.#slots) {
      const held = heldTokens(entry);
      const variance = Math.max(0, entry.variance) * shareLeft(entry);
      for (const { requests, part, startedBy } of runningIn(slot, entry, delay.latest)) {
        if (startedBy <= seen) continue;
        usage.requests += requests;
        usage.tokens += held * part;
        usage.variance += variance * part;
      }
      usage.requests += countAfter(seen, slot, entry.ends.starts, START_BIN_MS);
      usage.tokens += settledAfter(seen, slot, entry.ends);
    }
    return usage;
  }

  /**
   * What will count in the coming minute, if what runs now ends at the charge to expect.
   * @param runMs how long a call takes from its release, on average: they end evenly until twice that time
   */
  outlook(now: number, runMs: number, delay: StartDelay = ANY_DELAY): Outlook {
    const outlook = new Outlook(now, WINDOW_MS);
    const leftAfter = WINDOW_MS - delay.earliest;
    for (const [slot, entry] of this.#slots) {
      const begin = slot * SLOT_MS;
      const ended = Math.max(begin + 2 * runMs, now + runMs);
      const held = heldTokens(entry);
      const charge = entry.expected * shareLeft(entry);
      for (const { requests, part, startedBy } of runningIn(slot, entry, delay.latest)) {
        const until = startedBy + WINDOW_MS;
        outlook.holds({ requests, tokens: held * part }, until);
        // A debt counts for a minute from the call's end, whenever it started.
        outlook.grows((charge - held) * part, ended, charge < held ? until : undefined);
      }
      const { starts, charges, debts } = entry.ends;
      for (const [bin, requests] of starts)
        outlook.holds({ requests, tokens: 0 }, begin + (bin + 1) * START_BIN_MS + leftAfter);
      for (const [bin, tokens] of charges)
        outlook.holds({ requests: 0, tokens }, begin + (bin + 1) * START_BIN_MS + leftAfter);
      for (const [bin, tokens] of debts)
        outlook.holds({ requests: 0, tokens }, begin + (bin + 1) * DEBT_BIN_MS + leftAfter);
    }
    return outlook;
  }

  /**
   * What the last minute has released, until that is longer ago: what it was charged, or is expected to be. A debt counts from
   * the call's end, which may be minutes away. But as long as no minute's releases will be charged more than the limit, no
   * minute's ends are, however long each call takes.
   */
  releases(now: number): Outlook {
    const outlook = new Outlook(now, WINDOW_MS);
    let variance = 0;
    for (const [slot, entry] of this.#slots) {
      const until = slot * SLOT_MS + WINDOW_MS;
      if (until <= now) continue;
      outlook.holds(releasedIn(slot, entry), until);
      variance += owedTokens(entry) ** 2 / Math.max(1, unended(entry));
    }
    const unsure = { requests: 0, tokens: OWED_CONFIDENCE * Math.sqrt(variance) };
    outlook.holds(unsure, Number.POSITIVE_INFINITY);
    return outlook;
  }

  /** Running calls may be charged more than they reserve: for those that may, more is held. */
  get awaitsDebts(): boolean {
    for (const entry of this.#slots.values()) {
      if (unended(entry) > 0 && entry.held > entry.reserved) return true;
    }
    return false;
  }

  /** Releases that have not ended, and the workers they take. */
  unfinished(now: number): { releases: number; bundles: number } {
    const unfinished = { releases: 0, bundles: 0 };
    for (const [slot, entry] of this.#slots) {
      if (slot * SLOT_MS + this.leaseMs < now) continue;
      const left = unended(entry);
      unfinished.releases += left;
      unfinished.bundles += Math.min(left, Math.max(0, entry.bundles - entry.ends.bundles_ended));
    }
    return unfinished;
  }

  /** Releases of a slot that have not ended. */
  runningOf(slot: number): number {
    const entry = this.#slots.get(slot);
    return entry === undefined ? 0 : unended(entry);
  }

  /** Workers that calls of a tenant have held for long, by tenant. */
  holders(now: number): Map<string, number> {
    const held = new Map<string, number>();
    for (const [slot, entry] of this.#slots) {
      if (slot * SLOT_MS + this.leaseMs < now || unended(entry) === 0) continue;
      for (const [tenant, workers] of entry.ends.holders) held.set(tenant, (held.get(tenant) ?? 0) + workers);
    }
    return held;
  }

  /** What has been released since then, a minute ago at most: what it was charged, or is expected to be. */
  releasedSince(time: number): Amount {
    const released = { requests: 0, tokens: 0 };
    for (const [slot, entry] of this.#slots) {
      if (slot * SLOT_MS < time) continue;
      const { requests, tokens } = releasedIn(slot, entry);
      released.requests += requests;
      released.tokens += tokens;
    }
    return released;
  }

  /** The first slot that still has something to tell; `undefined` when all has been told. */
  firstUnfinishedSlot(): number | undefined {
    let first: number | undefined;
    for (const [slot, entry] of this.#slots) {
      if (unended(entry) > 0 && (first === undefined || slot < first)) first = slot;
    }
    return first;
  }

  /** The first slot that counts at all: where a successor starts to read reports. */
  firstSlot(): number | undefined {
    return this.#slots.size === 0 ? undefined : Math.min(...this.#slots.keys());
  }

  /** Forgets what cannot count any more. */
  prune(now: number): void {
    for (const [slot, entry] of this.#slots) {
      const begin = slot * SLOT_MS;
      if (begin + SLOT_MS + START_WINDOW_MS + WINDOW_MS >= now) continue;
      const { starts, debts } = entry.ends;
      const counts =
        countAfter(now - WINDOW_MS, slot, starts, START_BIN_MS) +
          countAfter(now - WINDOW_MS, slot, debts, DEBT_BIN_MS) >
        0;
      const open = unended(entry) > 0 && begin + this.leaseMs >= now;
      if (!counts && !open) this.#slots.delete(slot);
    }
  }

  /**
   * Releases by slot, earliest first. What reports tell is read again from them, so where all calls have ended it does not matter any
   * more what was expected of them. What reports subtract stays: a successor whose clock is behind may release in the same slot.
   */
  slots(): [slot: number, releases: SlotReleases][] {
    return [...this.#slots]
      .sort(([a], [b]) => a - b)
      .map(([slot, entry]) => [
        slot,
        unended(entry) > 0 ? entry : { ...entry, held: 0, variance: 0, expected: 0 },
      ]);
  }

  /** Slots with releases of which nothing has been reported yet. */
  unheardSlots(): ReadonlySet<number> {
    return new Set([...this.#slots].filter(([, { ends }]) => ends.ended === 0).map(([slot]) => slot));
  }

  /** When the last release was made, epoch milliseconds, at the latest; undefined when it is too long ago to count. */
  lastReleasedAt(): number | undefined {
    return this.#slots.size === 0 ? undefined : (Math.max(...this.#slots.keys()) + 1) * SLOT_MS;
  }

  #slot(slot: number): Slot {
    let entry = this.#slots.get(slot);
    if (entry === undefined) {
      entry = { releases: 0, bundles: 0, reserved: 0, held: 0, variance: 0, expected: 0, ends: NOTHING };
      this.#slots.set(slot, entry);
    }
    return entry;
  }
}

const NOTHING: SlotEnds = {
  ended: 0,
  bundles_ended: 0,
  reserved: 0,
  starts: [],
  running: [],
  charges: [],
  debts: [],
  holders: [],
};

function unended({ releases, ends }: Slot): number {
  return Math.max(0, releases - ends.ended);
}

/** Calls that run: those of which a worker has told, by when they had started, and all others. */
function runningIn(
  slot: number,
  entry: Slot,
  latestMs: number,
): { requests: number; part: number; startedBy: number }[] {
  const all = unended(entry);
  if (all === 0) return [];
  const begin = slot * SLOT_MS;
  let others = all;
  const running = entry.ends.running.map(([bin, count]) => {
    const requests = Math.min(count, others);
    others -= requests;
    return { requests, part: requests / all, startedBy: begin + (bin + 1) * START_BIN_MS };
  });
  return [...running, { requests: others, part: others / all, startedBy: begin + SLOT_MS + latestMs }];
}

function shareLeft(entry: Slot): number {
  return unended(entry) / Math.max(1, entry.releases);
}

/** What is held above the reservations is not known by call: it goes evenly with the calls. */
function heldTokens(entry: Slot): number {
  if (unended(entry) === 0) return 0;
  const above = Math.max(0, entry.held - entry.reserved);
  return Math.max(0, entry.reserved - entry.ends.reserved) + above * shareLeft(entry);
}

/** What those that run are expected to be charged beyond that. */
function owedTokens(entry: Slot): number {
  return Math.max(0, entry.expected * shareLeft(entry) - heldTokens(entry));
}

function releasedIn(slot: number, entry: Slot): Amount {
  const settled = settledAfter(Number.NEGATIVE_INFINITY, slot, entry.ends);
  return { requests: Math.max(0, entry.releases), tokens: settled + entry.expected * shareLeft(entry) };
}

function settledAfter(seen: number, slot: number, { charges, debts }: SlotEnds): number {
  return countAfter(seen, slot, charges, START_BIN_MS) + countAfter(seen, slot, debts, DEBT_BIN_MS);
}

/** The sum of the bins of a slot that end after `seen`, epoch milliseconds. */
function countAfter(seen: number, slot: number, bins: readonly Bin[], widthMs: number): number {
  let sum = 0;
  for (const [bin, count] of bins) if (slot * SLOT_MS + (bin + 1) * widthMs > seen) sum += count;
  return sum;
}
