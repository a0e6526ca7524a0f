/**
 * The whole smoother on a virtual clock: its real leaders and workers on ports in memory, between a producer that
 * follows a workload and a Bedrock that follows its documentation. Every call to AWS takes its time, functions start
 * cold, indexes lag, pollers ramp up (delays.json).
 */
import { promised } from '../../core/ingestion/accepted-record.ts';
import { LaneNotifier } from '../../core/ingestion/lane-notifier.ts';
import { StartEstimates } from '../../core/ingestion/start-estimates.ts';
import type { ModelRuntime } from '../../core/invocation/ports.ts';
import { runWorker } from '../../core/invocation/worker.ts';
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { Limits } from '../../core/lane/catalog/limits.ts';
import type { ExpectedStart } from '../../core/lane/expected-start.ts';
import { PRIORITY_WEIGHTS } from '../../core/lane/priority-weights.ts';
import { wakeIfAsleep } from '../../core/lane/wake.ts';
import { type PrioritizationEvent, prioritize } from '../../core/prioritization/prioritize.ts';
import { DEFAULT_MAX_ATTEMPTS } from '../../core/request/attempts.ts';
import type { HoldMessage } from '../../core/request/hold-message.ts';
import type { RequestRecord } from '../../core/request/record.ts';
import { createMemoryCloud, type MemoryCloud, type MemoryPorts } from '../../memory/cloud.ts';
import { INVOCATION_TIMEOUT_SECONDS, VISIBILITY_PER_TIMEOUT } from '../../stack/timeouts.ts';
import { type Delays, seededDelays } from './delays.ts';
import { Environments, type RunTime } from './environments.ts';
import { SimulationError } from './errors.ts';
import { EventSource } from './event-source.ts';
import { FaultInjector, type InjectionCounts, type InjectionRates } from './fault-injector.ts';
import { driveForeignTraffic } from './foreign-traffic.ts';
import type { Observation, Tally, WorldSettings } from './observation.ts';
import { ProducerView } from './producer-view.ts';
import { forkRandom, logNormal, type Random } from './random.ts';
import { asLimits, idOfPayload, newRecord, truthOf } from './requests.ts';
import { slowPorts } from './slow-ports.ts';
import { type SeenCall, VirtualBedrock } from './virtual-bedrock.ts';
import { VirtualClock } from './virtual-clock.ts';
import { watchedRuntime } from './watched-runtime.ts';
import type { Arrival, EstimateError, Workload } from './workload.ts';

/** Not the begin of a minute: a fixed minute is under way when the run begins. */
export const BEGIN_MS = Date.UTC(2026, 10, 2, 9, 0, 17, 230);
const ESTIMATE_ERROR: EstimateError = { bias: 1, spread: 1.1 };
/** A finished record is looked at no more after this long. */
const FORGET_MS = 180_000;
/** A message of the Input queue that was not handled comes again. */
const REDELIVERY_MS = 360_000;
/** How long a worker may run. */
const FUNCTION_MS = INVOCATION_TIMEOUT_SECONDS * 1_000;
/** An event source of SQS begins with so many. */
const CONTAINERS = 5;
const WEIGHTS = { priorities: PRIORITY_WEIGHTS, tenants: {} };
const NONE: InjectionRates = { failedCalls: 0, deaths: 0, duplicates: 0 };
const silent = () => undefined;

interface Container {
  notifier: LaneNotifier;
  estimates: StartEstimates;
}

export class World {
  readonly clock = new VirtualClock(BEGIN_MS);
  readonly cloud: MemoryCloud;
  readonly bedrock: VirtualBedrock;
  readonly #delays: Delays;
  readonly #ports: MemoryPorts;
  readonly #workers: EventSource<HoldMessage>;
  readonly #leaders: Environments;
  readonly #notifier: LaneNotifier;
  /** What each container of ingestion knows of lanes. Reading it takes no time here, so that it changes nothing else. */
  readonly #containers: readonly Container[];
  readonly #producer: ProducerView;
  /** What Service Quotas says. */
  readonly #announced: Record<string, Limits>;
  readonly #estimateError: Random;
  readonly #faultInjector: FaultInjector;
  readonly #model: ModelRuntime;
  #ingestionFreeAt = 0;

  constructor(
    private readonly workload: Workload,
    private readonly settings: WorldSettings,
  ) {
    const { clock } = this;
    const { enforcement, seed } = settings;
    this.#producer = new ProducerView({
      clock,
      keptMs: settings.keptMs ?? FORGET_MS,
      forget: (id) => this.cloud.table.drop(id),
    });
    this.#delays = seededDelays(seed);
    this.#estimateError = forkRandom(seed, 'estimates');
    this.#announced = Object.fromEntries(
      workload.lanes.map(({ modelId, limits }) => [laneOf(modelId), asLimits(limits)]),
    );
    this.bedrock = new VirtualBedrock({
      ...{ clock, enforcement, latency: workload.latency, faultRate: workload.faultRate },
      random: forkRandom(seed, 'bedrock'),
      limits: Object.fromEntries(workload.lanes.map(({ modelId, limits }) => [laneOf(modelId), limits])),
      network: this.#delays.bedrockNetwork,
      outages: workload.outages?.map(({ from, to }) => ({ from: BEGIN_MS + from, to: BEGIN_MS + to })),
      truthOf: ({ payload }) => truthOf(this.#producer.arrivalOf(idOfPayload(payload))),
    });
    this.#model = watchedRuntime(this.bedrock, this.#producer, clock);
    this.cloud = createMemoryCloud({
      clock,
      indexLagMs: this.#delays.indexLagMs,
      onResult: (result) => this.#producer.answered(result),
      onWake: (lanes) => this.#lead({ lanes }),
    });
    this.#faultInjector = new FaultInjector(
      settings.injectedFaults ?? NONE,
      forkRandom(seed, 'injectedFaults'),
    );
    const slow = slowPorts(this.cloud.ports, {
      clock,
      delays: this.#delays,
      hold: (message) => this.#hold(message),
      released: ({ releases, released_at }) => {
        for (const { request_id } of releases) this.#producer.released(request_id, released_at);
      },
      announced: (lane) => this.#announced[lane],
    });
    const surrounded = settings.surround?.(slow, clock) ?? slow;
    this.#ports =
      settings.injectedFaults === undefined ? surrounded : this.#faultInjector.unreliable(surrounded);
    this.#notifier = new LaneNotifier(this.#ports);
    this.#containers = Array.from({ length: CONTAINERS }, () => ({
      notifier: new LaneNotifier(this.cloud.ports),
      estimates: new StartEstimates(),
    }));
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
    this.begin();
    await this.clock.run(BEGIN_MS + this.workload.durationMs);
    this.#producer.lookAtUnfinished(this.cloud.table.all());
    return {
      beganAt: BEGIN_MS,
      endedAt: this.clock.now(),
      requests: this.#producer.requests,
      calls: this.bedrock.seen,
      events: this.clock.happened,
      tally: this.#producer.tally,
    };
  }

  /** Requests that have been accepted and not answered. */
  get unfinished(): number {
    return this.#producer.unfinished;
  }

  /** How long the functions that the virtual world has of its own have run so far. */
  get runTimes(): { prioritization: RunTime; invocation: RunTime } {
    return { prioritization: this.#leaders.runTime, invocation: this.#workers.runTime };
  }

  get tally(): Tally & { injectedFaults: InjectionCounts } {
    return { ...this.#producer.tally, injectedFaults: this.#faultInjector.counts };
  }

  /** Takes the notes so far: a long run keeps none. */
  takeNotes(): { requests: Observation['requests']; calls: SeenCall[] } {
    return { requests: this.#producer.requests.splice(0), calls: this.bedrock.seen.splice(0) };
  }

  /** Sets everything going; time passes by the clock. */
  begin(): void {
    const { clock, workload } = this;
    this.#schedule();
    clock.spawn(() => this.#produce());
    for (const foreign of workload.foreign ?? []) {
      driveForeignTraffic(clock, this.bedrock, foreign, BEGIN_MS, forkRandom(this.settings.seed, 'foreign'));
    }
    for (const { at, lane, limits, announcedAfterMs } of workload.quotaChanges ?? []) {
      clock.at(BEGIN_MS + at, () => this.bedrock.resize(lane, limits));
      clock.at(BEGIN_MS + at + announcedAfterMs, () => {
        this.#announced[lane] = { ...this.#announced[lane], ...asLimits(limits) };
      });
    }
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
      await this.#leaders.run(async () => {
        await this.#risk((ports) =>
          prioritize(
            {
              ...ports,
              clock: settings.clockOf?.(clock) ?? clock,
              log: silent,
              emit: settings.emit ?? silent,
              maxAttempts: DEFAULT_MAX_ATTEMPTS,
            },
            settings.prioritization,
            event,
          ),
        );
      });
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
    const { bias, spread } = this.workload.estimateError ?? ESTIMATE_ERROR;
    await clock.sleep(this.#delays.queueDelivery());
    await this.#turnOfIngestion();
    const estimate = arrival.inputTokens * logNormal(this.#estimateError, bias, spread);
    const accepted = newRecord(
      index,
      arrival,
      { sentAt: BEGIN_MS + arrival.at, acceptedAt: clock.now() },
      Math.max(1, Math.round(estimate)),
    );
    const record = promised(accepted, await this.#expectedStart(index, accepted));
    this.#producer.accept(record, arrival);
    const store = async (ports: MemoryPorts) => {
      await clock.sleep(this.#delays.bucketCall());
      await ports.records.create(record);
      await this.#notifier.announce(record, clock.now());
      await wakeIfAsleep(ports, record.lane, clock.now());
    };
    while (!(await this.#risk(store))) await clock.sleep(REDELIVERY_MS);
    this.#producer.ingested(record.request_id);
  }

  /** Messages are taken in the order in which they come, as fast as the workload says. */
  async #turnOfIngestion(): Promise<void> {
    const { clock, workload } = this;
    if (workload.ingestion === undefined) return;
    const { perSecond, pause } = workload.ingestion;
    let at = Math.max(clock.now(), this.#ingestionFreeAt);
    if (pause && at >= BEGIN_MS + pause.from) at = Math.max(at, BEGIN_MS + pause.to);
    this.#ingestionFreeAt = at + 1_000 / perSecond;
    if (at > clock.now()) await clock.sleep(at - clock.now());
  }

  /** As ingestion estimates it. A request goes to one container, which knows nothing of what others take. */
  async #expectedStart(index: number, record: RequestRecord): Promise<ExpectedStart | undefined> {
    const now = this.clock.now();
    const { notifier, estimates } = this.#containers[index % CONTAINERS] as Container;
    const status = await notifier.recentStatus(record.lane, now);
    const start = estimates.expectedFor(record, status, WEIGHTS, now);
    estimates.note(record, now);
    return start;
  }

  async #invoke(message: HoldMessage): Promise<void> {
    const { clock } = this;
    const deadline = clock.now() + FUNCTION_MS;
    const own = this.settings.clockOf?.(clock) ?? clock;
    const context = {
      ...{ model: this.#model, clock: own, log: silent, bucket: 'calls' },
      maxAttempts: DEFAULT_MAX_ATTEMPTS,
      sendsTenant: false,
      memoryMegabytes: this.settings.memoryMegabytes,
      bundleMs: this.settings.bundleMs,
    };
    const remainingMs = () => deadline - clock.now();
    const done = await this.#risk((ports) => runWorker({ ...ports, ...context, remainingMs }, message));
    if (!done) clock.at(clock.now() + VISIBILITY_PER_TIMEOUT * FUNCTION_MS, () => this.#hold(message));
  }

  /** With injectedFaults an invocation may fail: whatever it left is found by others. */
  async #risk(invocation: (ports: MemoryPorts) => Promise<void>): Promise<boolean> {
    if (this.settings.injectedFaults === undefined) {
      await invocation(this.#ports);
      return true;
    }
    try {
      await this.#faultInjector.live(this.#ports, invocation);
      return true;
    } catch (error) {
      if (error instanceof SimulationError || error instanceof AggregateError) return false;
      throw error;
    }
  }

  #hold(message: HoldMessage): void {
    this.#workers.send(message);
    if (this.#faultInjector.isDuplicated()) this.#workers.send(structuredClone(message));
  }
}
