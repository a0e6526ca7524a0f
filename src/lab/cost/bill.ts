/** What AWS would charge for: units of each kind, by what they were for. */
import tariff from '../../stack/tariff.json' with { type: 'json' };

export type Unit = keyof typeof tariff.usd;

/** What the units were used for: a line of the bill. */
export type Purpose =
  | 'records'
  | 'indexes'
  | 'reading the backlog'
  | 'leading a lane'
  | 'call reports'
  | 'bundle leases'
  | 'bundle offers'
  | 'payloads'
  | 'queues'
  | 'workers'
  | 'leaders'
  | 'ingestion'
  | 'reporting'
  | 'logs'
  | 'monitoring';

export class Bill {
  readonly #units = new Map<Purpose, Map<Unit, number>>();

  add(purpose: Purpose, unit: Unit, count: number): void {
    const units = this.#units.get(purpose) ?? new Map<Unit, number>();
    this.#units.set(purpose, units);
    units.set(unit, (units.get(unit) ?? 0) + count);
  }

  clear(): void {
    this.#units.clear();
  }

  unitsOf(purpose: Purpose, unit: Unit): number {
    return this.#units.get(purpose)?.get(unit) ?? 0;
  }

  /** US dollars by purpose, the dearest first. */
  get lines(): [purpose: Purpose, usd: number][] {
    return [...this.#units]
      .map(([purpose, units]): [Purpose, number] => [
        purpose,
        [...units].reduce((sum, [unit, count]) => sum + count * tariff.usd[unit], 0),
      ])
      .sort(([, a], [, b]) => b - a);
  }

  get usd(): number {
    return this.lines.reduce((sum, [, usd]) => sum + usd, 0);
  }
}
