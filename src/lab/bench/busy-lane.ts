/** A lane under load without a Bedrock, to see what its leader costs. */
import type { Clock } from '../../core/clock.ts';
import { BUNDLE_ENDED, countersOf } from '../../core/lane/call-counters.ts';
import { slotOf } from '../../core/lane/call-report.ts';
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { Limits } from '../../core/lane/catalog/limits.ts';
import { type SizesState, withSizes } from '../../core/prioritization/backlog-sizes.ts';
import { LaneLeader, type LeaderSettings } from '../../core/prioritization/lane-leader.ts';
import type { PrioritizationPorts } from '../../core/prioritization/ports.ts';
import { Workers } from '../../core/prioritization/workers.ts';
import { DEFAULT_MAX_ATTEMPTS } from '../../core/request/attempts.ts';
import type { HoldMessage } from '../../core/request/hold-message.ts';
import { backlogKey } from '../../core/request/keys.ts';
import { PRIORITIES, type RequestRecord } from '../../core/request/record.ts';
import { claim, end } from '../../core/request/transitions.ts';
import { newRecord } from '../simulation/requests.ts';

const MODEL = 'us.amazon.nova-pro-v1:0';
const LANE = laneOf(MODEL);
const CALL = { inputTokens: 800, outputTokens: 200, maxTokens: 256 };
const WORKERS = 1_000;
/** What the lane is filled with has waited for some time. */
const WAITED_MS = 600_000;
const LEASE_MS = 3_600_000;

/** What a leader works on. */
export type BusyLanePorts = Omit<
  PrioritizationPorts,
  'clock' | 'log' | 'emit' | 'maxAttempts' | 'quotas' | 'hold'
>;

export interface BusyLaneOptions {
  settings: LeaderSettings;
  clock: Clock;
  limits: Limits;
  /** How the leader sees the ports, when that is slower than what happens around it. */
  asSeen?: (ports: BusyLanePorts) => BusyLanePorts;
}

/** A lane with a constant backlog: what its leader releases ends at once, and as much arrives. */
export class BusyLane {
  #created = 0;
  #released = 0;
  readonly #held: HoldMessage[] = [];
  #leader: LaneLeader | undefined;

  constructor(
    private readonly ports: BusyLanePorts,
    private readonly options: BusyLaneOptions,
  ) {}

  /** Releases so far. */
  get released(): number {
    return this.#released;
  }

  /** Lets so many requests wait, evenly over all queues, and takes the lane. */
  async fill(waiting: number): Promise<void> {
    const { leadership, registry, directory } = this.ports;
    const { clock, settings, limits, asSeen = (same) => same } = this.options;
    await registry.register(LANE, MODEL, clock.now());
    for (let created = 0; created < waiting; created += PLACES.length) {
      await Promise.all(PLACES.map((place) => this.#create(place, clock.now() - WAITED_MS)));
    }
    for (const place of PLACES) {
      await directory.announce(backlogKey({ lane: LANE, ...place, shard: 0 }), clock.now());
    }
    const led = await leadership.acquire(LANE, 'bench', clock.now(), clock.now() + LEASE_MS);
    if (led === undefined) throw new Error(`Another leader holds lane ${LANE}`);
    const ports: PrioritizationPorts = {
      ...asSeen(this.ports),
      quotas: { limitsOf: async () => limits },
      hold: { send: async (messages) => void this.#held.push(...messages) },
      clock,
      log: () => undefined,
      emit: () => undefined,
      maxAttempts: DEFAULT_MAX_ATTEMPTS,
    };
    this.#leader = new LaneLeader(
      ports,
      settings,
      new Workers({ workers: WORKERS, queueDepthThreshold: WORKERS }, ports),
      { ...led, estimates: countedBefore(waiting, clock.now()) },
    );
  }

  get leader(): LaneLeader {
    if (this.#leader === undefined) throw new Error('fill() comes first');
    return this.#leader;
  }

  /** Ends what has been released, and lets as much arrive. */
  async finishReleased(): Promise<void> {
    for (const message of this.#held.splice(0)) {
      const { lease = '', releases } = message;
      this.#released += releases.length;
      await Promise.all(releases.map((release) => this.#finish(message, release)));
      await this.ports.leases.settle(LANE, lease, releases);
      await this.ports.reports.add(LANE, slotOf(message.released_at), BUNDLE_ENDED, message.partition);
    }
  }

  async #finish(message: HoldMessage, release: HoldMessage['releases'][number]): Promise<void> {
    const { released_at, partition } = message;
    const now = this.options.clock.now();
    await this.ports.records.move(claim(release, message, now));
    const ending = { status: 'COMPLETED', finishedAt: now } as const;
    const ended = await this.ports.records.move(
      end({ ...release, lane: LANE, status: 'IN_PROGRESS' }, ending),
    );
    if (!ended.applied) throw new Error(`Release of ${release.request_id} was not the last`);
    const charged = CALL.inputTokens + CALL.outputTokens;
    await this.ports.reports.add(
      LANE,
      slotOf(released_at),
      countersOf({
        ...{ end: 'settled', releasedAt: released_at, startedAt: released_at, finishedAt: released_at + 1 },
        ...{ reservedTokens: CALL.inputTokens + CALL.maxTokens, chargedTokens: charged },
        ...{ estimatedInputTokens: CALL.inputTokens, inputTokens: CALL.inputTokens },
        outputTokens: CALL.outputTokens,
        tenant: ended.record.tenant,
      }),
      partition,
    );
    // Another takes its place in its queue, so that every queue keeps its length.
    await this.#create(ended.record);
  }

  async #create({ priority, tenant }: Place, sentAt = this.options.clock.now()): Promise<void> {
    const arrival = { at: 0, modelId: MODEL, priority, tenant, ...CALL };
    const times = { sentAt, acceptedAt: sentAt };
    await this.ports.records.create(newRecord(this.#created++, arrival, times, CALL.inputTokens));
  }
}

/** What the leader before has left: it has counted what waits, and learned nothing. */
function countedBefore(waiting: number, at: number): string {
  const each = waiting / PLACES.length;
  const lines = PLACES.map(({ priority, tenant }): SizesState['lines'][number] => [
    priority,
    tenant,
    each,
    at,
    0,
    1_000,
    0,
    at,
    0,
  ]);
  return withSizes('{"v":0}', { at, arrived: 0, lines });
}

/** Where a request waits. */
type Place = Pick<RequestRecord, 'priority' | 'tenant'>;

const PLACES: readonly Place[] = PRIORITIES.map((priority) => ({ priority, tenant: 'acme' }));
