/** The whole smoother but reporting, for the invariants that need it: real leaders and workers, and requests that come as ingestion sends them. */
import { LaneNotifier } from '../../src/core/ingestion/lane-notifier.ts';
import { wakeIfAsleep } from '../../src/core/lane/wake.ts';
import { dueKey } from '../../src/core/request/keys.ts';
import type { Priority, RequestRecord } from '../../src/core/request/record.ts';
import { newRecord, payloadOf } from '../../src/lab/simulation/requests.ts';
import type { MemoryPorts } from '../../src/memory/cloud.ts';
import { createWorld, MODEL, type World } from '../fixtures/prioritization-world.ts';

/** Takes a mechanism out: ports that do something else. */
export type Doctored = (ports: MemoryPorts, world: World) => Partial<MemoryPorts>;

/** A world whose ports a control has changed. */
export function doctoredWorld(options: Parameters<typeof createWorld>[0], doctored?: Doctored): World {
  const world = createWorld(options);
  Object.assign(world.ports, doctored?.({ ...world.ports }, world));
  return world;
}

export interface Coming {
  /** Milliseconds from the beginning. */
  at: number;
  tenant?: string;
  priority?: Priority;
  /** The producer's own deadline. */
  maxWaitMs?: number;
}

/** Requests that come over containers of ingestion, their ids being their places in the list. */
export function accept(world: World, coming: readonly Coming[], containers = 1): void {
  const notifiers = Array.from({ length: containers }, () => new LaneNotifier(world.ports));
  const begin = world.clock.now();
  coming.forEach((one, index) => {
    const notifier = notifiers[index % containers] as LaneNotifier;
    world.clock.at(begin + one.at, () => world.clock.spawn(() => ingest(world, notifier, index, one)));
  });
}

async function ingest(
  { ports, clock }: World,
  notifier: LaneNotifier,
  index: number,
  { tenant = 'acme', priority = 3, maxWaitMs }: Coming,
): Promise<void> {
  const now = clock.now();
  const arrival = { at: 0, modelId: MODEL, inputTokens: 100, outputTokens: 100, maxTokens: 400 };
  const record: RequestRecord = newRecord(
    index,
    { ...arrival, tenant, priority },
    { sentAt: now, acceptedAt: now },
    arrival.inputTokens,
  );
  if (maxWaitMs !== undefined) {
    const deadline = now + maxWaitMs;
    const due = { due_key: dueKey(record.lane, record.request_id), due_at: deadline };
    Object.assign(record, { deadline_at: deadline, has_deadline: true, ...due });
  }
  await ports.payloads.put(record.payload_key, payloadOf(record.payload_key));
  await ports.records.create(record);
  await notifier.announce(record, clock.now());
  await wakeIfAsleep(ports, record.lane, clock.now());
}

/** The schedule: prioritization each minute, the first time after `firstMs`. */
export function schedule(world: World, firstMs: number, minutes: number): void {
  const begin = world.clock.now();
  for (let minute = 0; minute < minutes; minute++) {
    world.clock.at(begin + firstMs + minute * 60_000, () => world.clock.spawn(() => world.prioritize()));
  }
}

/** Ports whose calls go through `around`, which knows their number. */
export function counted(
  ports: MemoryPorts,
  around: (call: () => Promise<unknown>, number: number) => Promise<unknown>,
): MemoryPorts {
  let number = 0;
  const wrapped = (port: object) =>
    Object.fromEntries(
      Object.entries(port).map(([name, method]: [string, (...parameters: unknown[]) => Promise<unknown>]) => [
        name,
        (...parameters: unknown[]) => around(() => method.apply(port, parameters), number++),
      ]),
    );
  return Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, wrapped(port)])) as never;
}
