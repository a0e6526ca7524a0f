/** One fault on the virtual clock: traffic before, during and after it, and what it cost. */
import type { Clock } from '../../core/clock.ts';
import { PRIORITIES, type StoredRecord } from '../../core/request/record.ts';
import { leaseMs } from '../../core/request/times.ts';
import type { MemoryPorts } from '../../memory/cloud.ts';
import { defaultSettings } from '../bench/bench.ts';
import { notingImages } from '../simulation/noting-images.ts';
import type { SeenRequest, WorldSettings } from '../simulation/observation.ts';
import { forkRandom, type Random } from '../simulation/random.ts';
import type { SeenCall } from '../simulation/virtual-bedrock.ts';
import type { VirtualClock } from '../simulation/virtual-clock.ts';
import { arrivalsOf, CHAT, TARGETS, type Workload } from '../simulation/workload.ts';
import { BEGIN_MS, World } from '../simulation/world.ts';
import { disturb } from './disturbance.ts';
import type { FaultScenario } from './faults.ts';
import type { FaultFigures } from './figures.ts';
import { deliverShuffled } from './shuffled-stream.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** Traffic before the fault, and after it. */
const CALM_MS = MINUTE_MS;
const MODELS = ['us.amazon.nova-pro-v1:0', 'us.amazon.nova-lite-v1:0'];
const TENANTS = ['acme', 'globex', 'initech'];
const LIMITS = { requestsPerMinute: 2_000, tokensPerMinute: 4_000_000 };
const BUNDLE_MS = 30_000;
/** A request that has no answer by then is lost. */
const LONGEST_RECOVERY_MS = 60 * MINUTE_MS;
/** After the last result, so that leases run out and late copies of messages and results arrive. */
const AFTERMATH_MS = 5 * MINUTE_MS;
const KEPT_MS = 24 * 60 * MINUTE_MS;

/** @param sabotage takes a mechanism out, so that a test can show the harm */
export async function meetFault(
  fault: FaultScenario,
  seed: number,
  sabotage: (ports: MemoryPorts) => MemoryPorts = (ports) => ports,
): Promise<FaultFigures> {
  const random = forkRandom(seed, fault.name);
  const end = BEGIN_MS + CALM_MS + fault.durationMs;
  const images: StoredRecord[] = [];
  let struck = 0;
  const strike = () => {
    struck += 1;
  };
  const workload = workloadOf(fault, seed);
  const world = new World(workload, {
    ...smallSettings(seed),
    injectedFaults: { failedCalls: 0, deaths: 0, duplicates: fault.queue?.duplicates ?? 0 },
    keptMs: KEPT_MS,
    clockOf: (clock) => skewed(clock, fault.clockSkewMs, random, strike),
    surround: (whole, clock) => {
      const ports = sabotage(whole);
      const around = { clock, random, during: { from: BEGIN_MS + CALM_MS, to: end }, onDisturbed: strike };
      const noted = fault.streamIsShuffled ? notingImages(ports, (image) => void images.push(image)) : ports;
      const late = fault.queue ? deliveringLate(noted, clock, random, fault.queue.latestMs) : noted;
      return fault.disturbance ? disturb(late, fault.disturbance, around) : late;
    },
  });
  const { requests, calls, recoveredAt } = await watch(world, [...workload.arrivals].length, end);
  const count = (status: string) => requests.filter((request) => request.status === status).length;
  const { duplicates, injectedFaults, violations } = world.tally;
  struck += injectedFaults.duplicates;
  if (fault.bedrockIsOut) struck += calls.filter((call) => call.end === 'out').length;
  if (fault.streamIsShuffled) {
    const { again, equal } = await deliverShuffled(images, random);
    struck += again;
    if (!equal) violations.push('the reports differ from one clean pass');
  }
  return {
    fault: fault.name,
    requests: requests.length,
    failed: count('FAILED'),
    lost: world.unfinished,
    duplicatedResults: duplicates,
    paidTwice: calls.filter((call) => call.end === 'settled').length - count('COMPLETED'),
    ...(recoveredAt !== undefined && { recoverySeconds: Math.round((recoveredAt - end) / SECOND_MS) }),
    struck,
    violations,
  };
}

interface Watched {
  requests: SeenRequest[];
  calls: SeenCall[];
  /** When everything that was accepted before the end of the fault had finished. */
  recoveredAt?: number;
}

async function watch(world: World, expected: number, end: number): Promise<Watched> {
  const { clock } = world;
  const watched: Watched = { requests: [], calls: [] };
  let open: SeenRequest[] = [];
  const look = () => {
    const notes = world.takeNotes();
    watched.requests.push(...notes.requests);
    for (const call of notes.calls) watched.calls.push(call);
    open = [...open, ...notes.requests].filter(({ status }) => status === undefined);
  };
  world.begin();
  const isDone = () => world.tally.accepted === expected && world.unfinished === 0;
  while (clock.now() < end + LONGEST_RECOVERY_MS && !(clock.now() >= end && isDone())) {
    await clock.run(clock.now() + SECOND_MS);
    look();
    const isRecovered = clock.now() >= end && open.every(({ acceptedAt }) => acceptedAt >= end);
    if (isRecovered) watched.recoveredAt ??= clock.now();
  }
  await clock.run(clock.now() + AFTERMATH_MS);
  look();
  return watched;
}

function workloadOf(fault: FaultScenario, seed: number): Workload {
  const durationMs = CALM_MS + fault.durationMs + CALM_MS;
  const streams = MODELS.flatMap((modelId) =>
    PRIORITIES.map((priority, index) => ({
      ...{ modelId, priority, sizes: CHAT, fromMs: 0, toMs: durationMs },
      tenant: TENANTS[index % TENANTS.length] as string,
      perMinute: fault.perMinute / MODELS.length / PRIORITIES.length,
    })),
  );
  return {
    name: fault.name,
    about: 'Steady traffic, well below the quota, that meets a fault',
    lanes: MODELS.map((modelId) => ({ modelId, limits: LIMITS })),
    durationMs: Number.POSITIVE_INFINITY,
    latency: { firstTokenMs: 400, perTokenMs: 5 },
    targets: TARGETS,
    arrivals: arrivalsOf(streams, seed),
    ...(fault.bedrockIsOut && { outages: [{ from: CALM_MS, to: CALM_MS + fault.durationMs }] }),
  };
}

/** Short timeouts, so that leases end soon. */
function smallSettings(seed: number): WorldSettings {
  const settings = defaultSettings('sliding-window', seed);
  const { prioritization } = settings;
  return {
    ...settings,
    bundleMs: BUNDLE_MS,
    prioritization: {
      ...prioritization,
      engine: { ...prioritization.engine, leaseMs: leaseMs(BUNDLE_MS) },
    },
  };
}

/** The clock of an instance is off by at most half of what two may differ by. */
function skewed(clock: Clock, apartMs: number | undefined, random: Random, onSkewed: () => void): Clock {
  if (apartMs === undefined) return clock;
  const offMs = Math.round((random() - 0.5) * apartMs);
  onSkewed();
  return { now: () => clock.now() + offMs, sleep: (milliseconds) => clock.sleep(milliseconds) };
}

/** Each hold message has a delay of its own, so that they overtake each other. */
function deliveringLate(
  ports: MemoryPorts,
  clock: VirtualClock,
  random: Random,
  latestMs: number,
): MemoryPorts {
  const send: MemoryPorts['hold']['send'] = async (messages) => {
    for (const message of messages)
      clock.at(clock.now() + random() * latestMs, () => clock.spawn(() => ports.hold.send([message])));
  };
  return { ...ports, hold: { send } };
}
