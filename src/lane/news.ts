import type { Feedback } from './adaptation.ts';
import type { CallEnds } from './breaker.ts';
import type { SlotReport } from './ports.ts';
import { SLOT_MS } from './report.ts';

/** What has been counted since the last look: reports are totals of a slot. */
export class News {
  readonly #read = new Map<number, Record<string, number>>();
  #fresh = true;

  /** Nothing has been read yet. What stands there then, a predecessor has learned from. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** @param firstOpen slots before it have told everything */
  since(reports: readonly SlotReport[], firstOpen: number | undefined): SlotReport[] {
    const news: SlotReport[] = [];
    for (const { slot, counters } of reports) {
      const before = this.#read.get(slot);
      this.#read.set(slot, counters);
      if (this.#fresh || before?.ended === counters.ended) continue;
      news.push({ slot, counters: difference(counters, before) });
    }
    this.#fresh = false;
    for (const slot of this.#read.keys()) {
      if (firstOpen === undefined || slot < firstOpen) this.#read.delete(slot);
    }
    return news;
  }
}

/** What became of the calls of one slot, by what was counted of it. */
export function endsOf({ slot, counters }: SlotReport): CallEnds & Feedback & { settled: number } {
  const { settled = 0, throttled = 0, invalid = 0 } = counters;
  return {
    slot,
    releasedAt: slot * SLOT_MS,
    settled,
    throttled,
    answered: settled + throttled + invalid,
    transient: counters.transient ?? 0,
    denied: counters.denied ?? 0,
    daily: counters.throttled_daily ?? 0,
  };
}

function difference(
  now: Record<string, number>,
  before: Record<string, number> = {},
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(now)
      .map(([name, count]): [string, number] => [name, count - (before[name] ?? 0)])
      .filter(([, count]) => count !== 0),
  );
}
