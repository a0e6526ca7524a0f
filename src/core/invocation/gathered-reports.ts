import { budgetEndsIn } from '../lane/budget-counters.ts';
import { type Counters, sumOf } from '../lane/counters.ts';
import type { CallReports, ReportPartition } from '../lane/ports.ts';

/** Nobody who can wait waits longer for a report. */
const GATHER_MS = 2_000;

/** Reports that need not arrive at once go together, because each is a write. */
export class GatheredReports implements Pick<CallReports, 'add'> {
  readonly #reports: Pick<CallReports, 'add'>;
  /** By lane, slot and partition. */
  #gathered = new Map<string, Parameters<CallReports['add']>>();
  /** When the first of them came, epoch milliseconds. */
  #since: number | undefined;
  #isPressing = false;

  constructor(reports: Pick<CallReports, 'add'>) {
    this.#reports = reports;
  }

  async add(lane: string, slot: number, counters: Counters, partition?: ReportPartition): Promise<void> {
    const key = `${slot} ${partition} ${lane}`;
    const [, , before = {}] = this.#gathered.get(key) ?? [];
    this.#gathered.set(key, [lane, slot, sumOf(before, counters), partition]);
    this.#isPressing ||= isPressing(counters);
  }

  /** To be asked now and then, sends what has been gathered for long, or cannot wait. */
  async sendDue(now: number): Promise<void> {
    if (this.#gathered.size > 0) this.#since ??= now;
    if (this.#isPressing || now >= (this.#since ?? now) + GATHER_MS) await this.send();
  }

  /** What has been gathered. */
  async send(): Promise<void> {
    const gathered = [...this.#gathered.values()];
    this.#gathered = new Map();
    this.#since = undefined;
    this.#isPressing = false;
    await Promise.all(gathered.map((report) => this.#reports.add(...report)));
  }
}

/** A failure may stop its lane; and free workers, and what a call gives back of a budget, are wanted in other lanes, too. */
function isPressing({ ended, settled, bundles_ended = 0, ...others }: Counters): boolean {
  return ended !== settled || bundles_ended > 0 || budgetEndsIn(others).size > 0;
}
