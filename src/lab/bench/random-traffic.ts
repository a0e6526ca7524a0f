/** Draws kinds of requests and when they come, for workloads that nobody thought of. */
import { PRIORITIES, type Priority } from '../../core/request/record.ts';
import { exponential, type Random } from '../simulation/random.ts';
import { type Arrival, drawSizes, type SimulatedLane, type Sizes } from '../simulation/workload.ts';

const MINUTE_MS = 60_000;

export function between(random: Random, least: number, most: number): number {
  return least + (most - least) * random();
}

/** Each order of magnitude is as likely as any other. */
export function magnitude(random: Random, least: number, most: number): number {
  return least * (most / least) ** random();
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** An item by its weight. */
function weighted<T>(random: Random, items: readonly { item: T; weight: number }[]): T {
  let left = random() * items.reduce((sum, { weight }) => sum + weight, 0);
  for (const { item, weight } of items) {
    left -= weight;
    if (left < 0) return item;
  }
  return (items.at(-1) as { item: T }).item;
}

/** Requests that are alike: one use of the lane among others. */
export interface Kind {
  name: string;
  sizes: Sizes;
  /** How often it comes beside the other kinds. */
  weight: number;
  /** Its priority, where all of the kind have one; their prompts begin alike then, too. */
  priority?: Priority;
}

/** What bounds the kinds of a lane, in tokens. */
export interface KindBounds {
  longestInput: number;
  longestOutput: number;
}

const CARELESS_MAXIMA = [4_096, 8_192, 16_384, 32_000];
/** Between the median and the longest, in sigmas. */
const LONGEST_SIGMAS = 3;

export function drawKinds(random: Random, bounds: KindBounds): Kind[] {
  const count = pick(random, [1, 1, 2, 2, 3, 4]);
  const apart = random() < 0.5;
  return Array.from({ length: count }, (_, index) => {
    const name = `kind-${index}`;
    return {
      name,
      sizes: { ...drawKindSizes(random, bounds), ...(apart && { opening: name }) },
      weight: magnitude(random, 0.05, 1),
      ...(apart && { priority: pick(random, PRIORITIES) }),
    };
  });
}

function drawKindSizes(random: Random, { longestInput, longestOutput }: KindBounds): Sizes {
  const spread = between(random, 1.1, 2.2);
  const tail = spread ** LONGEST_SIGMAS;
  const inputMost = Math.floor(magnitude(random, 50, longestInput));
  const outputMost = Math.max(2, Math.floor(magnitude(random, 2, longestOutput)));
  const max = pick(random, ['well', 'careless', 'unset'] as const);
  const careless = CARELESS_MAXIMA.filter((it) => it >= outputMost && it <= longestOutput);
  return {
    inputMedian: Math.max(1, inputMost / tail),
    inputMost,
    outputMedian: Math.max(1, outputMost / tail),
    outputMost,
    spread,
    ...(max === 'well' && { maxTokens: outputMost }),
    ...(max === 'careless' && { maxTokens: careless.length === 0 ? outputMost : pick(random, careless) }),
  };
}

/** When requests come: at a rate that rises and falls, and bursts of many at once. */
export interface Pattern {
  about: string;
  /** The highest rate, and what part of it comes at a moment. */
  mostPerMinute: number;
  partAt(at: number, durationMs: number): number;
  /** The mean of these parts. */
  meanPart: number;
  /** When, as a part of the run, and how many. */
  bursts: { after: number; count: number }[];
  /** How long the quota needs for the bursts. */
  burstMinutes: number;
}

/** @param rate how many requests a minute the quota serves */
export function drawPattern(random: Random, rate: number): Pattern {
  const shapes = ['steady', 'steady', 'bursts', 'bursts', 'on-off', 'diurnal', 'trickle'] as const;
  const steady = { partAt: () => 1, meanPart: 1, bursts: [], burstMinutes: 0 };
  switch (pick(random, shapes)) {
    case 'steady': {
      const load = magnitude(random, 0.3, 2.5);
      return { ...steady, about: `steadily ${percent(load)} of the quota`, mostPerMinute: load * rate };
    }
    case 'bursts': {
      const load = random() < 0.3 ? 0 : between(random, 0.05, 0.5);
      const number = pick(random, [1, 1, 2]);
      const minutes = magnitude(random, 0.2, 3 / number);
      return {
        ...steady,
        about: `${number} burst(s) of ${minutes.toFixed(1)} minutes’ quota on top of ${percent(load)}`,
        mostPerMinute: load * rate,
        bursts: Array.from({ length: number }, (_, index) => ({
          after: (index + between(random, 0.02, 0.2)) / number,
          count: Math.max(2, Math.round(minutes * rate)),
        })),
        burstMinutes: number * minutes,
      };
    }
    case 'trickle': {
      const everyMs = magnitude(random, 4_000, 60_000);
      const about = `one request every ${Math.round(everyMs / 1_000)} s`;
      return { ...steady, about, mostPerMinute: MINUTE_MS / everyMs };
    }
    case 'on-off': {
      const high = between(random, 1, 3);
      const periodMs = magnitude(random, 20_000, 150_000);
      const onPart = between(random, 0.2, 0.7);
      return {
        ...steady,
        about: `${percent(high)} of the quota for ${percent(onPart)} of every ${Math.round(periodMs / 1_000)} s`,
        mostPerMinute: high * rate,
        partAt: (at) => ((at / periodMs) % 1 < onPart ? 1 : 0),
        meanPart: onPart,
      };
    }
    case 'diurnal': {
      const high = between(random, 1, 3);
      return {
        ...steady,
        about: `a day’s rise and fall to ${percent(high)} of the quota`,
        mostPerMinute: high * rate,
        partAt: (at, durationMs) => (1 - Math.cos((2 * Math.PI * at) / durationMs)) / 2,
        meanPart: 0.5,
      };
    }
  }
}

export interface LaneTraffic {
  lane: SimulatedLane;
  kinds: readonly Kind[];
  pattern: Pattern;
  tenants: number;
  priorities: readonly { item: Priority; weight: number }[];
}

/** Some of the priorities, in any mix. */
export function drawPriorities(random: Random): LaneTraffic['priorities'] {
  const some = PRIORITIES.filter(() => random() < 0.6);
  return (some.length === 0 ? PRIORITIES : some).map((item) => ({
    item,
    weight: magnitude(random, 0.05, 1),
  }));
}

/** All arrivals of a lane, in no order. */
export function arrivalsOfLane(traffic: LaneTraffic, durationMs: number, random: Random): Arrival[] {
  const { mostPerMinute, partAt, bursts } = traffic.pattern;
  const arrivals: Arrival[] = [];
  const meanGapMs = MINUTE_MS / mostPerMinute;
  for (let at = exponential(random, meanGapMs); at < durationMs; at += exponential(random, meanGapMs)) {
    if (random() < partAt(at, durationMs)) arrivals.push(arrivalOf(traffic, Math.floor(at), random));
  }
  bursts.forEach(({ after, count }, burst) => {
    const at = Math.floor(after * durationMs);
    for (let i = 0; i < count; i++) arrivals.push({ ...arrivalOf(traffic, at, random), burst });
  });
  return arrivals;
}

function arrivalOf({ lane, kinds, tenants, priorities }: LaneTraffic, at: number, random: Random): Arrival {
  const kind = weighted(
    random,
    kinds.map((item) => ({ item, weight: item.weight })),
  );
  return {
    at,
    modelId: lane.modelId,
    priority: kind.priority ?? weighted(random, priorities),
    // A few tenants ask for most: each order of magnitude of ranks for as much as any other.
    tenant: `tenant-${Math.floor(magnitude(random, 1, tenants + 1))}`,
    ...drawSizes(kind.sizes, random),
  };
}

export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
