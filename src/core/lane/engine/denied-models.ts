/**
 * Which of a lane's model ids Bedrock denies. Several ids share a lane (a model's profiles, and ARNs of this account or of
 * none), and a wrong one must cost only those who ask for it. So each id is judged by itself:
 * - An id that was served before, or that is a model's plain id while no other id is served, is the lane's own: access has
 *   been lost or was never granted. Its requests wait, one at a time finds out whether access is back, and no backlog is burned.
 * - Any other id is wrong by itself: its requests are called, and each ends by its own denials.
 */
import type { BacklogEntry } from '../../request/ports.ts';

/** So many denials of an id in a row, and its requests wait. */
const DENIALS = 2;
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 600_000;
/** A probe whose end nobody reports is followed by another. */
const PROBE_TIMEOUT_MS = 60_000;
/** Ids of each kind; the least recent are forgotten, whatever somebody makes up. */
const REMEMBERED = 20;

export interface DeniedModelsState {
  /** Ids that have been served, the least recent first. */
  served: string[];
  denied: [modelId: string, Denied][];
}

interface Denied {
  denials: number;
  waitMs: number;
  /** Epoch milliseconds. */
  until: number;
}

/** What became of calls of one slot, by model id. */
export interface ModelEnds {
  slot: number;
  servedModels: readonly string[];
  deniedModels: readonly (readonly [modelId: string, count: number])[];
}

export class DeniedModels {
  /** In the order of their last call. */
  readonly #served = new Set<string>();
  readonly #denied = new Map<string, Denied>();
  readonly #probes = new Map<string, { slot: number; at: number }>();

  /** A predecessor's probe may have ended while nobody led, and its end is told once: another one is sent. */
  constructor({ served, denied }: DeniedModelsState = { served: [], denied: [] }) {
    for (const modelId of served) this.#served.add(modelId);
    for (const [modelId, state] of denied) this.#denied.set(modelId, { ...state });
  }

  observe(now: number, ends: readonly ModelEnds[]): void {
    for (const { slot, servedModels, deniedModels } of ends) {
      for (const modelId of servedModels) this.#serve(modelId);
      for (const [modelId, count] of deniedModels) this.#deny(now, modelId, count, slot);
    }
  }

  /** Every id that was asked for lately is held back: the lane is stopped, as far as anyone can tell. */
  get stopsLane(): boolean {
    const held = [...this.#denied.keys()].filter((modelId) => this.holdsBack(modelId));
    return held.length > 0 && ![...this.#served].some((modelId) => !held.includes(modelId));
  }

  /** Requests of this id wait. */
  holdsBack(modelId: string): boolean {
    return (this.#denied.get(modelId)?.denials ?? 0) >= DENIALS && this.#isOwn(modelId);
  }

  /** The queues without what would only be denied. Of an id that is to be probed one request is left, the least released. */
  admitted(queues: BacklogEntry[][], now: number): BacklogEntry[][] {
    if (this.#denied.size === 0) return queues;
    const probing = new Map<string, BacklogEntry>();
    for (const entry of queues.flat()) {
      const { model_id, generation } = entry;
      const least = probing.get(model_id)?.generation ?? Number.POSITIVE_INFINITY;
      if (generation < least && this.holdsBack(model_id) && this.#isDue(model_id, now)) {
        probing.set(model_id, entry);
      }
    }
    return queues.map((queue) =>
      queue.filter((entry) => !this.holdsBack(entry.model_id) || probing.get(entry.model_id) === entry),
    );
  }

  /** A request of this id went out in `slot`. True when it is the id's probe. */
  released(now: number, slot: number, modelId: string): boolean {
    if (!this.holdsBack(modelId)) return false;
    this.#probes.set(modelId, { slot, at: now });
    return true;
  }

  /** What {@link released} told of in `slot` did not go out after all. */
  withdrawn(slot: number, modelId: string): void {
    if (this.#probes.get(modelId)?.slot === slot) this.#probes.delete(modelId);
  }

  snapshot(): DeniedModelsState | undefined {
    if (this.#served.size === 0 && this.#denied.size === 0) return undefined;
    return { served: [...this.#served], denied: [...this.#denied] };
  }

  #serve(modelId: string): void {
    this.#denied.delete(modelId);
    this.#probes.delete(modelId);
    this.#served.delete(modelId);
    this.#served.add(modelId);
    forgetBeyond(this.#served);
  }

  #deny(now: number, modelId: string, count: number, slot: number): void {
    const { denials, waitMs } = this.#denied.get(modelId) ?? { denials: 0, waitMs: 0 };
    const probe = this.#probes.get(modelId);
    // Calls that were under way when their id was stopped say nothing new.
    if (denials >= DENIALS && (probe === undefined || slot < probe.slot)) return;
    this.#probes.delete(modelId);
    this.#denied.delete(modelId);
    const wait = probe === undefined ? FIRST_WAIT_MS : Math.min(LONGEST_WAIT_MS, waitMs * 2);
    this.#denied.set(modelId, { denials: denials + count, waitMs: wait, until: now + wait });
    forgetBeyond(this.#denied);
  }

  #isOwn(modelId: string): boolean {
    if (this.#served.has(modelId)) return true;
    return this.#served.size === 0 && !modelId.startsWith('arn:');
  }

  #isDue(modelId: string, now: number): boolean {
    const probe = this.#probes.get(modelId);
    const awaited = probe !== undefined && now < probe.at + PROBE_TIMEOUT_MS;
    return !awaited && now >= (this.#denied.get(modelId)?.until ?? 0);
  }
}

/** Sets and maps keep their entries in the order of insertion. */
function forgetBeyond(entries: Set<string> | Map<string, unknown>): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= REMEMBERED) return;
    entries.delete(oldest);
  }
}
