/**
 * The whole smoother on a virtual clock: its real leaders and workers on ports in memory, between a producer that
 * follows a workload and a Bedrock that follows its documentation. Every call to AWS takes its time, functions start
 * cold, indexes lag, pollers ramp up (delays.json).
 */
import type { Enforcement } from '../bedrock-simulator/accounting.ts';
import { LaneBell } from '../ingestion/lane-bell.ts';
import { invokeBundle } from '../invocation/invoke.ts';
import type { InvocationPorts } from '../invocation/outcome.ts';
import { laneOf } from '../lane/catalog.ts';
import type { Limits } from '../lane/ports.ts';
import { createMemoryCloud, type MemoryCloud, type MemoryPorts } from '../memory/cloud.ts';
import type { PrioritizationPorts } from '../prioritization/ports.ts';
import {
  type PrioritizationEvent,
  type PrioritizationSettings,
  prioritize,
} from '../prioritization/prioritize.ts';
import type { HoldMessage } from '../request/hold-message.ts';
import type { Outcome, Priority, Usage } from '../request/record.ts';
import type { ResultMessage } from '../request/result.ts';
import { BedrockModel, type SeenCall } from './bedrock-model.ts';
import { delayed } from './delayed.ts';
import { type Delays, seededDelays } from './delays.ts';
import { Environments } from './environments.ts';
import { EventSource } from './event-source.ts';
import { driveForeignTraffic } from './foreign-traffic.ts';
import { forkRandom, logNormal, type Random } from './random.ts';
import { idOfPayload, newRecord, payloadOf, truthOf } from './requests.ts';
import { VirtualClock } from './virtual-clock.ts';
import type { Arrival, Workload } from './workload.ts';

/** An hour of some day, not the begin of a minute: a fixed minute is in its middle when the run begins. */
export const BEGIN_MS = Date.UTC(2026, 10, 2, 9, 0, 17, 230);
/** One sigma of the error of an input estimate. */
const ESTIMATE_SPREAD = 1.1;
/** A finished record is looked at no more after this long. */
const FORGET_MS = 10_000;

export interface WorldSettings {
  enforcement: Enforcement;
  seed: number;
  prioritization: PrioritizationSettings;
  /** Time a worker's function has. */
  invocationTimeoutMs: number;
}

/** What became of a request, in milliseconds of the virtual clock. */
export interface SeenRequest {
  lane: string;
  priority: Priority;
  tenant: string;
  acceptedAt: number;
  /** The last release; absent while it waits. */
  releasedAt?: number;
  startedAt?: number;
  /** Absent: unfinished when the run ended. */
  status?: Outcome;
  finishedAt?: number;
  /** The part of its charge that is known before it runs. */
  inputTokens: number;
  /** Charged by Bedrock; 0 for what has not been answered. */
  charge: number;
}

export interface Observation {
  beganAt: number;
  endedAt: number;
  requests: SeenRequest[];
  calls: SeenCall[];
  /** Events of the virtual clock. */
  events: number;
  results: { sent: number; duplicates: number };
}

export class World {
  readonly clock = new VirtualClock(BEGIN_MS);
  readonly cloud: MemoryCloud;
  readonly bedrock: BedrockModel;
  readonly #delays: Delays;
  readonly #ports: MemoryPorts;
  readonly #workers: EventSource<HoldMessage>;
  readonly #leaders: Environments;
  readonly #bell: LaneBell;
  readonly #requests: SeenRequest[] = [];
  readonly #unfinished = new Map<string, SeenRequest>();
  /** What Service Quotas says. */
  readonly #announced: Record<string, Limits>;
  readonly #estimateError: Random;
  #sent = 0;
  #duplicates = 0;

  constructor(
    private readonly workload: Workload,
    private readonly settings: WorldSettings,
  ) {
    const { clock } = this;
    const { enforcement, seed } = settings;
    this.#delays = seededDelays(seed);
    this.#estimateError = forkRandom(seed, 'estimates');
    this.#announced = Object.fromEntries(
      workload.lanes.map(({ modelId, limits }) => [laneOf(modelId), asLimits(limits)]),
    );
    this.bedrock = new BedrockModel({
      ...{ clock, enforcement, latency: workload.latency, faultRate: workload.faultRate },
      random: forkRandom(seed, 'bedrock'),
      limits: Object.fromEntries(workload.lanes.map(({ modelId, limits }) => [laneOf(modelId), limits])),
      network: this.#delays.bedrockNetwork,
      outages: workload.outages?.map(({ from, to }) => ({ from: BEGIN_MS + from, to: BEGIN_MS + to })),
      truthOf: ({ payload }) => truthOf(this.#arrivalOf(idOfPayload(payload))),
    });
    this.cloud = createMemoryCloud({
      clock,
      indexLagMs: this.#delays.indexLagMs,
      onResult: (result) => this.#onResult(result),
      onWake: (lanes) => this.#lead({ lanes }),
    });
    this.#ports = this.#delayedPorts(this.cloud.ports);
    this.#bell = new LaneBell(this.#ports);
    this.#leaders = new Environments(clock, {
      coldStart: this.#delays.coldStart,
      keptMs: this.#delays.environmentKeptMs,
    });
    this.#workers = new EventSource({
      clock,
      delays: this.#delays,
      maximumConcurrency: settings.prioritization.workers,
      handle: (message) => this.#invoke(message),
    });
  }

  /** Runs the workload to its end. */
  async run(): Promise<Observation> {
    const { clock, workload } = this;
    this.#schedule();
    clock.spawn(() => this.#produce());
    for (const foreign of workload.foreign ?? []) {
      driveForeignTraffic(clock, this.bedrock, foreign, BEGIN_MS, forkRandom(this.settings.seed, 'foreign'));
    }
    for (const { at, lane, limits, announcedAfterMs } of workload.quotaChanges ?? []) {
      clock.at(BEGIN_MS + at, () => this.bedrock.resize(lane, limits));
      clock.at(BEGIN_MS + at + announcedAfterMs, () => {
        this.#announced[lane] = asLimits(limits);
      });
    }
    await clock.run(BEGIN_MS + workload.durationMs);
    this.#lookAtUnfinished();
    return {
      beganAt: BEGIN_MS,
      endedAt: clock.now(),
      requests: this.#requests,
      calls: this.bedrock.seen,
      events: clock.happened,
      results: { sent: this.#sent, duplicates: this.#duplicates },
    };
  }

  #schedule(): void {
    const everyMinute = () => {
      this.#lead({});
      this.clock.at(this.clock.now() + 60_000, everyMinute);
    };
    this.clock.at(BEGIN_MS, everyMinute);
  }

  #lead(event: PrioritizationEvent): void {
    const { clock, settings } = this;
    clock.spawn(async () => {
      await clock.sleep(this.#delays.functionStart());
      await this.#leaders.run(() => prioritize(this.#prioritizationPorts(), settings.prioritization, event));
    });
  }

  async #produce(): Promise<void> {
    const { clock, workload } = this;
    let index = 0;
    for (const arrival of workload.arrivals) {
      if (BEGIN_MS + arrival.at > clock.now()) await clock.sleep(BEGIN_MS + arrival.at - clock.now());
      const id = index++;
      clock.spawn(() => this.#ingest(id, arrival));
    }
  }

  /** As ingestion does it: the payload, the record, the announcement, the wake-up. */
  async #ingest(index: number, arrival: Arrival): Promise<void> {
    const { clock } = this;
    await clock.sleep(this.#delays.queueDelivery());
    const estimate = arrival.inputTokens * logNormal(this.#estimateError, 1, ESTIMATE_SPREAD);
    const record = newRecord(
      index,
      arrival,
      { sentAt: BEGIN_MS + arrival.at, acceptedAt: clock.now() },
      Math.max(1, Math.round(estimate)),
    );
    const request: SeenRequest = {
      ...{ lane: record.lane, priority: record.priority, tenant: record.tenant, acceptedAt: clock.now() },
      inputTokens: arrival.inputTokens,
      charge: 0,
    };
    this.#requests.push(request);
    this.#unfinished.set(record.request_id, request);
    await clock.sleep(this.#delays.bucketCall());
    await this.#ports.records.create(record);
    await this.#bell.announce(record, clock.now());
    await this.#bell.wakeIfAsleep(record.lane, clock.now());
  }

  #invoke(message: HoldMessage): Promise<void> {
    const deadline = this.clock.now() + this.settings.invocationTimeoutMs;
    const ports: InvocationPorts = {
      ...this.#ports,
      model: this.bedrock,
      clock: this.clock,
      log: () => undefined,
      bucket: 'calls',
      remainingMs: () => deadline - this.clock.now(),
    };
    return invokeBundle(ports, message);
  }

  #prioritizationPorts(): PrioritizationPorts {
    return { ...this.#ports, clock: this.clock, log: () => undefined, emit: () => undefined };
  }

  #delayedPorts(ports: MemoryPorts): MemoryPorts {
    const { clock } = this;
    const { tableCall, bucketCall, queueSend } = this.#delays;
    const payloads = { ...ports.payloads, get: async (key: string) => payloadOf(key) };
    const hold = {
      send: async (messages: HoldMessage[]) => {
        for (const message of messages) this.#workers.send(structuredClone(message));
      },
    };
    const quotas = { limitsOf: async (lane: string) => this.#announced[lane] };
    return {
      ...ports,
      records: delayed(ports.records, clock, tableCall),
      backlog: delayed(ports.backlog, clock, tableCall),
      due: delayed(ports.due, clock, tableCall),
      directory: delayed(ports.directory, clock, tableCall),
      registry: delayed(ports.registry, clock, tableCall),
      watch: delayed(ports.watch, clock, tableCall),
      leadership: delayed(ports.leadership, clock, tableCall),
      reports: delayed(ports.reports, clock, tableCall),
      settings: delayed(ports.settings, clock, tableCall),
      control: delayed(ports.control, clock, tableCall),
      quotas: delayed(quotas, clock, tableCall),
      payloads: delayed(payloads, clock, bucketCall),
      results: delayed(ports.results, clock, queueSend),
      hold: delayed(hold, clock, queueSend),
    };
  }

  #onResult({ request_id, status, timings, usage }: ResultMessage): void {
    const request = this.#unfinished.get(request_id);
    this.#sent += 1;
    if (request === undefined) {
      this.#duplicates += 1;
      return;
    }
    request.status = status;
    request.releasedAt = timings.released;
    request.startedAt = timings.started;
    request.finishedAt = timings.finished;
    request.charge = usage === undefined ? 0 : chargeOf(usage, this.#arrivalOf(request_id));
    this.#unfinished.delete(request_id);
    this.clock.at(this.clock.now() + FORGET_MS, () => this.cloud.table.drop(request_id));
  }

  /** What is released, or running, when the run ends. */
  #lookAtUnfinished(): void {
    for (const record of this.cloud.table.all()) {
      const request = this.#unfinished.get(record.request_id);
      if (request === undefined || record.status === 'RECEIVED') continue;
      request.releasedAt = record.released_at;
      request.startedAt = record.started_at;
    }
  }

  #arrivalOf(id: string): Arrival {
    const arrival = this.workload.arrivals[Number(id)];
    if (arrival === undefined) throw new RangeError(`Nobody sent request ${id}`);
    return arrival;
  }
}

function chargeOf(usage: Usage, arrival: Arrival): number {
  return usage.input_tokens + usage.output_tokens * truthOf(arrival).burndown;
}

function asLimits({
  requestsPerMinute,
  tokensPerMinute,
}: {
  requestsPerMinute?: number;
  tokensPerMinute?: number;
}): Limits {
  return {
    ...(requestsPerMinute !== undefined && { requests_per_minute: requestsPerMinute }),
    ...(tokensPerMinute !== undefined && { tokens_per_minute: tokensPerMinute }),
  };
}
