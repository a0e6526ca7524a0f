import { type SlotReport, type SlotTotals, slotReportOf } from '../call-counters.ts';
import { SLOT_MS, slotOf } from '../call-report.ts';
import { type Counters, differenceOf } from '../counters.ts';
import type { Feedback } from './adaptive-share.ts';
import type { ModelEnds } from './denied-models.ts';
import type { CallEnds } from './failures.ts';
import type { Ledger } from './ledger.ts';

/** Reports of releases younger than this are read at every tick, all others this often: more often where they may tell of debts. */
const RECENT_MS = 20_000;
const READ_ALL_EVERY_MS = 5_000;
const READ_DEBTS_EVERY_MS = 1_000;
/** Reports and starts are on their way for so long. */
const ON_THE_WAY_MS = 400;

/**
 * A call may start beside debts that fell due up to this long before: their reports had not been read at its release.
 * @param runMs how long calls take
 */
export function noticeMs(runMs: number): number {
  return ON_THE_WAY_MS + (runMs > RECENT_MS ? READ_DEBTS_EVERY_MS / 2 : 0);
}

/** What has been counted since the last look: reports are totals of a slot. */
export class ReportDeltas {
  readonly #read = new Map<number, Counters>();
  /** Nothing has been read yet. */
  #fresh = true;
  #readAllAt = Number.NEGATIVE_INFINITY;

  /** @param unheard slots of which a predecessor had heard nothing when it left: it has learned from the others */
  constructor(
    private readonly ledger: Pick<Ledger, 'firstSlot' | 'firstUnfinishedSlot' | 'awaitsDebts' | 'report'>,
    private readonly unheard: ReadonlySet<number> = new Set(),
  ) {}

  /** Something has been released that has not ended, or a predecessor's releases are to be settled. */
  get awaited(): boolean {
    return this.#fresh || this.ledger.firstUnfinishedSlot() !== undefined;
  }

  /**
   * Slot from which reports are needed next. Releases that have been out for long, or were lost, are asked after now and
   * then only: the cost of a tick must not grow with how long calls take.
   */
  from(now: number): number {
    const first = this.#fresh ? this.ledger.firstSlot() : this.ledger.firstUnfinishedSlot();
    if (first === undefined) return slotOf(now);
    const every = this.ledger.awaitsDebts ? READ_DEBTS_EVERY_MS : READ_ALL_EVERY_MS;
    if (this.#fresh || now >= this.#readAllAt + every) {
      this.#readAllAt = now;
      return first;
    }
    return Math.max(first, slotOf(now - RECENT_MS));
  }

  /** Tells the ledger what has changed, and returns the changes. */
  takeIn(reports: readonly SlotTotals[], now: number): SlotReport[] {
    const deltas: SlotReport[] = [];
    for (const { slot, counters } of reports) {
      const before = this.#read.get(slot);
      this.#read.set(slot, counters);
      const isNews = before?.ended !== counters.ended;
      const { bundles_ended, bundles_held } = before ?? {};
      if (isNews || bundles_ended !== counters.bundles_ended || bundles_held !== counters.bundles_held) {
        this.ledger.report(slotReportOf({ slot, counters }));
      }
      if (isNews && (!this.#fresh || this.unheard.has(slot)))
        deltas.push(slotReportOf({ slot, counters: differenceOf(counters, before) }));
    }
    this.#fresh = false;
    // More may be released in the slot of this moment, after all that was released in it has ended.
    const firstOpen = this.ledger.firstUnfinishedSlot() ?? slotOf(now);
    for (const slot of this.#read.keys()) if (slot < firstOpen) this.#read.delete(slot);
    return deltas;
  }
}

/**
 * What became of the calls of one slot.
 * @param running those that have not ended
 */
export function endsOf(
  report: SlotReport,
  running: number,
): CallEnds & Feedback & ModelEnds & { settled: number } {
  const { slot, settled, throttled, invalid, transient, faulted, throttled_daily: daily } = report;
  return {
    slot,
    releasedAt: slot * SLOT_MS,
    settled,
    throttled,
    answered: settled + throttled + invalid,
    transient,
    faulted,
    daily,
    running,
    transients: report.transients,
    faults: report.faults,
    probes: report.probes,
    servedModels: report.servedModels,
    deniedModels: report.deniedModels,
  };
}
