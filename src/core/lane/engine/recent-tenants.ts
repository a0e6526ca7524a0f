/** Whether several tenants have had work lately: those who had some last, two of them, tell. */
const LATELY_MS = 300_000;
const REMEMBERED = 2;

/** When each was last seen, epoch milliseconds; the latest comes last. */
export type RecentTenantsState = [tenant: string, at: number][];

export class RecentTenants {
  readonly #seen: Map<string, number>;

  constructor(state: RecentTenantsState = []) {
    this.#seen = new Map(state);
  }

  /** These have work now. */
  note(now: number, tenants: Iterable<string>): void {
    for (const tenant of tenants) {
      this.#seen.delete(tenant);
      this.#seen.set(tenant, now);
    }
    for (const tenant of this.#seen.keys()) {
      if (this.#seen.size <= REMEMBERED) break;
      this.#seen.delete(tenant);
    }
  }

  areSeveral(now: number): boolean {
    return [...this.#seen.values()].filter((at) => at > now - LATELY_MS).length > 1;
  }

  snapshot(): RecentTenantsState {
    return [...this.#seen];
  }
}
