/** What a producer sees of its requests: which have been accepted, which answered, and whether answers agree. */
import { isRequest, type RequestRecord, type StoredRecord } from '../../core/request/record.ts';
import type { ResultMessage } from '../../core/request/result.ts';
import { SimulationError } from './errors.ts';
import type { SeenRequest, Tally } from './observation.ts';
import { chargeOf, expectedCharge } from './requests.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { Arrival } from './workload.ts';

export interface ProducerViewOptions {
  clock: VirtualClock;
  /** How long after its result a request is remembered, milliseconds. */
  keptMs: number;
  /** A request is forgotten: its record goes, too. */
  forget: (id: string) => void;
}

export class ProducerView {
  /** In the order of their acceptance, until somebody takes them. */
  readonly requests: SeenRequest[] = [];
  readonly tally: Tally = { accepted: 0, sent: 0, duplicates: 0, violations: [] };
  readonly #unfinished = new Map<string, { request: SeenRequest; arrival: Arrival; lastCallMs: number }>();
  /** What has been answered lately, to compare what is answered again. */
  readonly #answers = new Map<string, string>();
  readonly #ingesting = new Set<string>();

  constructor(private readonly options: ProducerViewOptions) {}

  /** Requests that have been accepted and not answered. */
  get unfinished(): number {
    return this.#unfinished.size;
  }

  /** Its message may come again until {@link ingested}. */
  accept(record: RequestRecord, arrival: Arrival): void {
    const { request_id, lane, priority, tenant, accepted_at } = record;
    const request: SeenRequest = {
      ...{ lane, priority, tenant, acceptedAt: accepted_at },
      expectedStartAt: record.expected_start_at,
      promisedStartAt: record.promised_start_at,
      calledMs: 0,
      inputTokens: arrival.inputTokens,
      charge: expectedCharge(arrival),
      ...(arrival.burst !== undefined && { burst: arrival.burst }),
    };
    this.requests.push(request);
    this.tally.accepted += 1;
    this.#unfinished.set(request_id, { request, arrival, lastCallMs: 0 });
    this.#ingesting.add(request_id);
  }

  ingested(id: string): void {
    this.#ingesting.delete(id);
  }

  /** A leader has sent a release of the request. */
  released(id: string, at: number): void {
    const request = this.#unfinished.get(id)?.request;
    if (request !== undefined) request.firstReleasedAt ??= at;
  }

  /** A call of the request has ended. Whether it was the last one, the result will tell. */
  called(id: string, durationMs: number): void {
    const seen = this.#unfinished.get(id);
    if (seen === undefined) return;
    seen.request.calledMs += seen.lastCallMs;
    seen.lastCallMs = durationMs;
  }

  isAnswered(id: string): boolean {
    return !this.#unfinished.has(id);
  }

  /** @throws SimulationError when the request has been answered, or never was */
  arrivalOf(id: string): Arrival {
    const seen = this.#unfinished.get(id);
    if (seen === undefined) throw new SimulationError(`Nobody waits for request ${id}`);
    return seen.arrival;
  }

  answered(result: ResultMessage): void {
    const { request_id, status, timings, usage } = result;
    const seen = this.#unfinished.get(request_id);
    const text = JSON.stringify(result);
    this.tally.sent += 1;
    if (seen === undefined) {
      this.tally.duplicates += 1;
      const before = this.#answers.get(request_id);
      if (before !== text) this.violated(`request ${request_id} has two different results`);
      return;
    }
    const { request, arrival } = seen;
    request.status = status;
    request.releasedAt = timings.released;
    request.startedAt = timings.started;
    request.finishedAt = timings.finished;
    request.charge = usage === undefined ? 0 : chargeOf(usage, arrival);
    this.#unfinished.delete(request_id);
    this.#answers.set(request_id, text);
    this.#forgetLater(request_id);
  }

  violated(how: string): void {
    this.tally.violations.push(how);
  }

  /** What waits, is released, or runs when the run ends. */
  lookAtUnfinished(records: Iterable<StoredRecord>): void {
    for (const record of records) {
      const seen = this.#unfinished.get(record.request_id);
      if (seen === undefined) continue;
      const { request, lastCallMs } = seen;
      request.calledMs += lastCallMs;
      if (!isRequest(record) || record.status === 'RECEIVED') continue;
      request.releasedAt = record.released_at;
      request.startedAt = record.started_at;
    }
  }

  /** As the record's time to live does, but never while its message may come again. */
  #forgetLater(id: string): void {
    const { clock, keptMs, forget } = this.options;
    clock.at(clock.now() + keptMs, () => {
      if (this.#ingesting.has(id)) return this.#forgetLater(id);
      this.#answers.delete(id);
      forget(id);
    });
  }
}
