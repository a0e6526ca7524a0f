/** Waiting requests that do not fit, and whom they let past. */
import type { BacklogEntry } from '../../request/ports.ts';
import { PRIORITIES } from '../../request/record.ts';

/** For a successor: those that need most. Smaller ones fit as soon as a few calls have left the minute. */
const REMEMBERED = 5;

/**
 * Once others have gone past it for a while, room gathers for a request, or smaller ones would starve it. Then only urgent work goes
 * past. Nobody does any more once as much urgent work as fits beside the request has gone since the last release that was not urgent.
 */
export type LetsPast = (typeof LETS_PAST)[number];
/** A plan says which by its place. */
const LETS_PAST = ['others', 'urgent', 'nobody'] as const;

export interface BlockedRequestsState {
  /** Since when a request has not fitted, epoch milliseconds, and whom it lets past. */
  blocked_since?: [id: string, since: number, lets: number][];
  /** Absent: 0. */
  urgent_since?: number;
}

export class BlockedRequests {
  readonly #blocked: Map<string, { since: number; lets: LetsPast; waitMs: number }>;
  #urgentSince: number;

  constructor({ blocked_since = [], urgent_since = 0 }: BlockedRequestsState = {}) {
    this.#blocked = new Map(
      blocked_since.map(([id, since, lets]) => [
        id,
        { since, lets: LETS_PAST[lets] ?? 'others', waitMs: Number.POSITIVE_INFINITY },
      ]),
    );
    this.#urgentSince = urgent_since;
  }

  /** Tokens of urgent work that was served since anything else was. */
  get urgentSince(): number {
    return this.#urgentSince;
  }

  /** As it was last decided. */
  letsPast({ request_id }: BacklogEntry): LetsPast {
    return this.#blocked.get(request_id)?.lets ?? 'others';
  }

  /**
   * The request does not fit now. Once room gathers for it, that goes on until it fits.
   * @param waitMs for how long others go past it
   * @param beside tokens that a minute has beside it
   */
  decide({ request_id }: BacklogEntry, now: number, waitMs: number, beside: number): LetsPast {
    const { since, lets: before } = this.#blocked.get(request_id) ?? { since: now, lets: 'others' };
    const othersGo = before === 'others' && now < since + waitMs;
    const lets = othersGo ? 'others' : this.#urgentSince < beside ? 'urgent' : 'nobody';
    this.#blocked.set(request_id, { since, lets, waitMs });
    return lets;
  }

  /** @param urgentWaits other requests do, which are urgent */
  served(entry: BacklogEntry, cost: number, urgentWaits: boolean): void {
    this.#urgentSince = entry.priority === PRIORITIES[0] ? this.#urgentSince + cost : 0;
    // Urgent work was stopped for it: before it is again, others have to wait as long.
    if (urgentWaits && this.letsPast(entry) === 'nobody') this.#blocked.clear();
  }

  /** What waits no more has been served, or has moved on. */
  forgetOthers(waiting: readonly (readonly BacklogEntry[])[]): void {
    if (this.#blocked.size === 0) return;
    const gone = new Set(this.#blocked.keys());
    for (const queue of waiting) for (const { request_id } of queue) gone.delete(request_id);
    for (const id of gone) this.#blocked.delete(id);
  }

  snapshot(): BlockedRequestsState {
    const blocked = [...this.#blocked]
      .sort(([, a], [, b]) => b.waitMs - a.waitMs || a.since - b.since)
      .slice(0, REMEMBERED)
      .map(([id, { since, lets }]): [string, number, number] => [id, since, LETS_PAST.indexOf(lets)]);
    return {
      ...(blocked.length > 0 && { blocked_since: blocked }),
      ...(this.#urgentSince > 0 && { urgent_since: Math.round(this.#urgentSince) }),
    };
  }
}
