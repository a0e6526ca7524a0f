/** Sends very many requests through the real logic, in bounded memory, while everything around it fails at random. */
import { PRIORITIES } from '../../core/request/record.ts';
import { defaultSettings } from '../bench/bench.ts';
import { median } from '../quantiles.ts';
import type { InjectionCounts } from '../simulation/fault-injector.ts';
import { exponential, forkRandom } from '../simulation/random.ts';
import {
  type Arrival,
  CHAT,
  drawSizes,
  type SimulatedLane,
  TARGETS,
  type Workload,
} from '../simulation/workload.ts';
import { BEGIN_MS, World } from '../simulation/world.ts';
import { usedHeapMb } from './heap.ts';

const MINUTE_MS = 60_000;
const MODELS = ['us.amazon.nova-pro-v1:0', 'us.amazon.nova-lite-v1:0', 'us.amazon.nova-micro-v1:0'];
const TENANTS = ['acme', 'globex', 'initech', 'umbrella'];
/** The quota of each lane, and how much of it arrives. */
const TOKENS_PER_MINUTE = 13_000_000;
const REQUESTS_PER_MINUTE = 200_000;
const ARRIVALS_PER_MINUTE = 10_000;
const WORKERS = 1_000;
const INJECTED_FAULTS = { failedCalls: 0.0005, deaths: 0.0005, duplicates: 0.001 };
const BEDROCK_FAULTS = 0.002;
/** How long leases and retries may take after the last arrival. */
const LONGEST_RECOVERY_MS = 60 * MINUTE_MS;
/** How much more memory the second half may use than the first, after the warm-up: the backlog varies. */
const FLAT = 1.1;
/** Retries cover what goes wrong: so few requests may fail all the same. */
const MOST_FAILED = 1 / 10_000;
/** Reports and finished records are kept for minutes, so memory only grows in a shorter run. */
const SHORTEST_MINUTES = 25;

export interface SoakFigures {
  /** Accepted. */
  requests: number;
  completed: number;
  /** Ended without an answer. */
  failed: number;
  /** Requests that were accepted and never answered. */
  lost: number;
  duplicateResults: number;
  violations: string[];
  calls: number;
  throttled: number;
  faulty: number;
  injectedFaults: InjectionCounts;
  virtualMinutes: number;
  /** Medians of what a full collection leaves each minute; `flat` is absent when the run was too short to tell. */
  heapMb: { firstHalf: number; secondHalf: number; flat?: boolean };
}

export interface SoakProgress {
  accepted: number;
  unfinished: number;
  heapMb: number;
}

/** @param onMinute called after each virtual minute */
export async function soak(
  requests: number,
  seed: number,
  onMinute: (progress: SoakProgress) => void = () => undefined,
): Promise<SoakFigures> {
  const settings = defaultSettings('sliding-window', seed);
  const { prioritization } = settings;
  const world = new World(workloadOf(requests, seed), {
    ...settings,
    injectedFaults: INJECTED_FAULTS,
    prioritization: { ...prioritization, workers: WORKERS, queueDepthThreshold: WORKERS },
  });
  const figures = { completed: 0, failed: 0, calls: 0, throttled: 0, faulty: 0 };
  const heap: number[] = [];
  world.begin();
  const latest =
    BEGIN_MS + LONGEST_RECOVERY_MS + (requests / (MODELS.length * ARRIVALS_PER_MINUTE)) * MINUTE_MS;
  let open: ReturnType<World['takeNotes']>['requests'] = [];
  while (world.clock.now() < latest) {
    await world.clock.run(world.clock.now() + MINUTE_MS);
    const notes = world.takeNotes();
    open.push(...notes.requests);
    figures.completed += open.filter(({ status }) => status === 'COMPLETED').length;
    figures.failed += open.filter(({ status }) => status !== undefined && status !== 'COMPLETED').length;
    open = open.filter(({ status }) => status === undefined);
    figures.calls += notes.calls.length;
    figures.throttled += notes.calls.filter(({ end }) => end === 'throttled').length;
    figures.faulty += notes.calls.filter(({ end }) => end === 'faulty').length;
    const heapMb = usedHeapMb();
    const { accepted } = world.tally;
    // After the last arrival memory only shrinks.
    if (accepted < requests) heap.push(heapMb);
    onMinute({ accepted, unfinished: world.unfinished, heapMb });
    if (accepted === requests && world.unfinished === 0) break;
  }
  const { accepted, duplicates, violations, injectedFaults } = world.tally;
  return {
    requests: accepted,
    ...figures,
    lost: world.unfinished,
    duplicateResults: duplicates,
    violations,
    injectedFaults,
    virtualMinutes: Math.round((world.clock.now() - BEGIN_MS) / MINUTE_MS),
    heapMb: compareHalves(heap),
  };
}

/** Whether all went well that was asked for. */
export function isClean(
  { requests, completed, failed, lost, violations, heapMb }: SoakFigures,
  asked: number,
): boolean {
  const isAnswered = requests === asked && lost === 0 && completed + failed === requests;
  return isAnswered && failed <= asked * MOST_FAILED && violations.length === 0 && heapMb.flat !== false;
}

/** Compares the medians of both halves. The first fifth is the warm-up. */
function compareHalves(heap: readonly number[]): SoakFigures['heapMb'] {
  const warm = heap.slice(Math.floor(heap.length / 5));
  const half = Math.ceil(warm.length / 2);
  const [firstHalf, secondHalf] = [median(warm.slice(0, half)), median(warm.slice(half))];
  const isLong = heap.length >= SHORTEST_MINUTES;
  return {
    firstHalf: Math.round(firstHalf),
    secondHalf: Math.round(secondHalf),
    ...(isLong && { flat: secondHalf <= firstHalf * FLAT }),
  };
}

function workloadOf(requests: number, seed: number): Workload {
  const lanes: SimulatedLane[] = MODELS.map((modelId) => ({
    modelId,
    limits: { requestsPerMinute: REQUESTS_PER_MINUTE, tokensPerMinute: TOKENS_PER_MINUTE },
  }));
  return {
    name: 'soak',
    about: 'Three lanes for hours while everything fails at random',
    lanes,
    durationMs: Number.POSITIVE_INFINITY,
    latency: { firstTokenMs: 400, perTokenMs: 5 },
    faultRate: BEDROCK_FAULTS,
    targets: TARGETS,
    arrivals: arrivals(requests, seed),
  };
}

/** Generated one by one, so that memory does not grow with their number. */
function* arrivals(requests: number, seed: number): Generator<Arrival> {
  const random = forkRandom(seed, 'soak');
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const meanGapMs = MINUTE_MS / (MODELS.length * ARRIVALS_PER_MINUTE);
  let at = 0;
  for (let index = 0; index < requests; index++) {
    at += exponential(random, meanGapMs);
    yield {
      at: Math.floor(at),
      modelId: pick(MODELS),
      priority: pick(PRIORITIES),
      tenant: pick(TENANTS),
      ...drawSizes(CHAT, random),
    };
  }
}
