import { budgetEndsIn } from '../lane/budget-counters.ts';
import { type Counters, sumOf } from '../lane/counters.ts';
import type { CallReports, ReportPartition } from '../lane/ports.ts';

/** Nobody who can wait waits longer for a report. */
const GATHER_MS = 2_000;

interface Gathered {
  report: Parameters<CallReports['add']>;
  isPressing: boolean;
}

/** Reports that need not arrive at once go together, because each is a write. */
export class GatheredReports implements Pick<CallReports, 'add'> {
  readonly #reports: Pick<CallReports, 'add'>;
  /** By lane, slot and partition. */
  readonly #gathered = new Map<string, Gathered>();
  /** When the first of them came, epoch milliseconds. */
  #since: number | undefined;

  constructor(reports: Pick<CallReports, 'add'>) {
    this.#reports = reports;
  }

  async add(lane: string, slot: number, counters: Counters, partition?: ReportPartition): Promise<void> {
    const key = `${slot} ${partition} ${lane}`;
    const before = this.#gathered.get(key);
    this.#gathered.set(key, {
      report: [lane, slot, sumOf(before?.report[2] ?? {}, counters), partition],
      isPressing: before?.isPressing || isPressing(counters),
    });
  }

  /** To be asked now and then, sends what cannot wait, and all that has been gathered for long. */
  async sendDue(now: number): Promise<void> {
    if (this.#gathered.size > 0) this.#since ??= now;
    const isDue = now >= (this.#since ?? now) + GATHER_MS;
    await this.#send((it) => isDue || it.isPressing);
  }

  /** What has been gathered. */
  async send(): Promise<void> {
    await this.#send(() => true);
  }

  async #send(goes: (gathered: Gathered) => boolean): Promise<void> {
    const going = [...this.#gathered].filter(([, gathered]) => goes(gathered));
    for (const [key] of going) this.#gathered.delete(key);
    if (this.#gathered.size === 0) this.#since = undefined;
    await Promise.all(going.map(([, { report }]) => this.#reports.add(...report)));
  }
}

/** A failure may stop its lane; and free workers, and what a call gives back of a budget, are wanted in other lanes, too. */
function isPressing({ ended, settled, bundles_ended = 0, ...others }: Counters): boolean {
  return ended !== settled || bundles_ended > 0 || budgetEndsIn(others).size > 0;
}
