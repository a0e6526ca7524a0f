import type { Permission } from './policy.ts';

/** How often a principal has done something: the raw data of a cost estimate. */
export interface CallCount {
  principal: string;
  action: string;
  /** Calls that were passed on. */
  count: number;
  denied: number;
  /** Billed units where they differ from calls: DynamoDB request units of tables and indexes, SQS requests of 64 KiB. */
  units?: number;
}

export interface Denial extends Permission {
  principal: string;
}

export class CallLog {
  readonly #byKey = new Map<string, CallCount>();
  readonly #denied: Denial[] = [];

  count(principal: string, action: string, units?: number): void {
    const entry = this.#entry(principal, action);
    entry.count++;
    if (units !== undefined) entry.units = (entry.units ?? 0) + units;
  }

  deny(principal: string, { action, resource }: Permission): void {
    this.#entry(principal, action).denied++;
    this.#denied.push({ principal, action, resource });
  }

  counts(): CallCount[] {
    return [...this.#byKey.values()].map((entry) => ({ ...entry }));
  }

  denials(): Denial[] {
    return [...this.#denied];
  }

  #entry(principal: string, action: string): CallCount {
    const key = `${principal} ${action}`;
    const entry = this.#byKey.get(key) ?? { principal, action, count: 0, denied: 0 };
    this.#byKey.set(key, entry);
    return entry;
  }
}
