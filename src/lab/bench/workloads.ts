/** The traffic that the engine is measured with. Rates are in parts of the quota, so that each says what it is. */

import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { Priority } from '../../core/request/record.ts';
import { resolveModel } from '../../local/bedrock/models.ts';
import {
  arrivalsOf,
  CHAT,
  meanCharge,
  type SimulatedLane,
  type Sizes,
  type Stream,
  TARGETS,
  type Workload,
} from '../simulation/workload.ts';

const MINUTE_MS = 60_000;
const NOVA = 'us.amazon.nova-pro-v1:0';
const NOVA_LITE = 'us.amazon.nova-lite-v1:0';
const SONNET = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
/** Ten quota tokens for each token of an answer. */
const OPUS = 'us.anthropic.claude-opus-5-20260924-v1:0';

const LATENCY = { firstTokenMs: 700, perTokenMs: 12 };
const TPM = 400_000;
/** Ample: tokens bind. */
const RPM = 10_000;
const LANE: SimulatedLane = { modelId: NOVA, limits: { requestsPerMinute: RPM, tokensPerMinute: TPM } };

/** Answers of about 400 tokens under a careless maximum, five seconds each. */
const CARELESS: Sizes = {
  inputMedian: 500,
  outputMedian: 400,
  spread: 1.2,
  outputMost: 4_096,
  maxTokens: 4_096,
};

const LABELS: Sizes = { inputMedian: 800, outputMedian: 5, spread: 1.3, outputMost: 12, opening: 'labels' };
const ESSAYS: Sizes = {
  inputMedian: 300,
  outputMedian: 3_000,
  spread: 1.3,
  outputMost: 8_000,
  opening: 'essays',
};

/** Part of a lane's quota that a stream asks for. */
interface Demand {
  share: number;
  priority: Priority;
  tenant?: string;
  sizes?: Sizes;
  lane?: SimulatedLane;
  fromMinute?: number;
  toMinute: number;
}

function streamOf({
  share,
  priority,
  tenant = 'acme',
  sizes = CHAT,
  lane = LANE,
  fromMinute = 0,
  toMinute,
}: Demand): Stream {
  const { modelId, limits } = lane;
  const byTokens =
    (limits.tokensPerMinute ?? Number.POSITIVE_INFINITY) / meanCharge(sizes, resolveModel(modelId).burndown);
  const byRequests = limits.requestsPerMinute ?? Number.POSITIVE_INFINITY;
  return {
    modelId,
    priority,
    tenant,
    sizes,
    perMinute: share * Math.min(byTokens, byRequests),
    fromMs: fromMinute * MINUTE_MS,
    toMs: toMinute * MINUTE_MS,
  };
}

function demand(seed: number, demands: readonly Demand[]) {
  return arrivalsOf(demands.map(streamOf), seed);
}

/** More than the quota for `toMinute` minutes, with an urgent tenth. */
function overload(toMinute: number, lane = LANE, sizes = CHAT, total = 1.5): Demand[] {
  return [
    { share: 0.1, priority: 1, toMinute, lane, sizes },
    { share: total - 0.4, priority: 3, toMinute, lane, sizes },
    { share: 0.3, priority: 3, tenant: 'globex', toMinute, lane, sizes },
  ];
}

type Build = (seed: number) => Omit<Workload, 'name'>;

const BUILDS: Record<string, Build> = {
  'steady-80': (seed) => ({
    about: 'Four fifths of the quota, steadily',
    lanes: [LANE],
    durationMs: 12 * MINUTE_MS,
    latency: LATENCY,
    targets: TARGETS,
    arrivals: demand(seed, [
      { share: 0.15, priority: 1, toMinute: 12 },
      { share: 0.45, priority: 3, toMinute: 12 },
      { share: 0.2, priority: 5, tenant: 'globex', toMinute: 12 },
    ]),
  }),
  'burst-10x': (seed) => ({
    about: 'Ten times the quota for a minute, on top of a quarter',
    lanes: [LANE],
    durationMs: 18 * MINUTE_MS,
    latency: LATENCY,
    targets: TARGETS,
    arrivals: demand(seed, [
      { share: 0.1, priority: 1, toMinute: 17 },
      { share: 0.15, priority: 3, toMinute: 17 },
      { share: 10, priority: 3, tenant: 'globex', fromMinute: 2, toMinute: 3 },
    ]),
  }),
  overload: (seed) => ({
    about: 'Twice the quota for good, all priorities',
    lanes: [LANE],
    durationMs: 15 * MINUTE_MS,
    latency: LATENCY,
    targets: TARGETS,
    arrivals: demand(seed, [
      { share: 0.2, priority: 1, toMinute: 15 },
      { share: 0.45, priority: 2, toMinute: 15 },
      { share: 0.45, priority: 3, toMinute: 15 },
      { share: 0.45, priority: 4, toMinute: 15 },
      { share: 0.45, priority: 5, toMinute: 15 },
    ]),
  }),
  flood: (seed) => ({
    about: 'One tenant floods, one asks for more than its share, one for less',
    lanes: [LANE],
    durationMs: 15 * MINUTE_MS,
    latency: LATENCY,
    targets: TARGETS,
    arrivals: demand(seed, [
      { share: 0.1, priority: 1, toMinute: 15 },
      { share: 0.2, priority: 3, tenant: 'modest', toMinute: 15 },
      { share: 0.6, priority: 3, tenant: 'greedy', toMinute: 15 },
      { share: 30, priority: 3, tenant: 'flood', fromMinute: 2, toMinute: 3 },
    ]),
  }),
  'slow-ingestion': (seed) => ({
    about: 'A flood that ingestion takes ten minutes to take in, with a pause of two',
    lanes: [LANE],
    durationMs: 15 * MINUTE_MS,
    latency: LATENCY,
    targets: TARGETS,
    ingestion: { perSecond: 16, pause: { from: 5 * MINUTE_MS, to: 7 * MINUTE_MS } },
    arrivals: demand(seed, [
      { share: 0.1, priority: 1, toMinute: 12 },
      { share: 0.2, priority: 3, tenant: 'modest', toMinute: 12 },
      { share: 12, priority: 3, tenant: 'flood', fromMinute: 1, toMinute: 3 },
    ]),
  }),
  'short-answers': (seed) => ({
    about: 'Answers a tenth of max tokens',
    lanes: [LANE],
    durationMs: 15 * MINUTE_MS,
    latency: { firstTokenMs: 1_000, perTokenMs: 10 },
    targets: TARGETS,
    arrivals: demand(seed, overload(15, LANE, CARELESS, 1.2)),
  }),
  'right-sized': (seed) => ({
    about: 'The same answers, max tokens left to the smoother',
    lanes: [LANE],
    durationMs: 15 * MINUTE_MS,
    latency: { firstTokenMs: 1_000, perTokenMs: 10 },
    targets: TARGETS,
    arrivals: demand(seed, overload(15, LANE, { ...CARELESS, maxTokens: undefined }, 1.2)),
  }),
  'mixed-kinds': (seed) => ({
    about: 'Labels of five tokens beside essays of three thousand, max tokens and task left to the smoother',
    lanes: [LANE],
    durationMs: 15 * MINUTE_MS,
    latency: { firstTokenMs: 700, perTokenMs: 8 },
    targets: TARGETS,
    arrivals: demand(seed, [
      { share: 0.05, priority: 1, sizes: LABELS, toMinute: 15 },
      { share: 0.4, priority: 3, sizes: LABELS, toMinute: 15 },
      { share: 0.4, priority: 3, tenant: 'globex', sizes: ESSAYS, toMinute: 15 },
      { share: 0.4, priority: 3, tenant: 'initech', sizes: ESSAYS, toMinute: 15 },
    ]),
  }),
  'burndown-10x': (seed) => {
    const lane = { modelId: OPUS, limits: { requestsPerMinute: RPM, tokensPerMinute: 2_000_000 } };
    return {
      about: 'Charges several times their reservation',
      lanes: [lane],
      durationMs: 15 * MINUTE_MS,
      latency: LATENCY,
      targets: TARGETS,
      arrivals: demand(
        seed,
        overload(15, lane, { ...CHAT, outputMedian: 300, outputMost: 1_024, maxTokens: 1_024 }),
      ),
    };
  },
  'long-answers': (seed) => {
    const lane = { modelId: OPUS, limits: { requestsPerMinute: RPM, tokensPerMinute: 6_000_000 } };
    const sizes = { ...CHAT, outputMedian: 2_000, spread: 1.2, outputMost: 4_096, maxTokens: 4_096 };
    return {
      about: 'The same, of answers that take 40 seconds',
      lanes: [lane],
      durationMs: 15 * MINUTE_MS,
      latency: { firstTokenMs: 1_000, perTokenMs: 20 },
      targets: TARGETS,
      arrivals: demand(seed, overload(15, lane, sizes)),
    };
  },
  foreign: (seed) => ({
    about: 'Someone else takes 40 % of the quota for ten minutes',
    lanes: [LANE],
    durationMs: 20 * MINUTE_MS,
    latency: LATENCY,
    targets: { ...TARGETS, utilisationRatio: 0.9, throttledShare: 0.02 },
    foreign: [{ lane: laneOf(NOVA), from: 5 * MINUTE_MS, to: 15 * MINUTE_MS, tokensPerMinute: 0.4 * TPM }],
    arrivals: demand(seed, overload(20)),
  }),
  outage: (seed) => ({
    about: 'Bedrock answers nothing but 503 for a minute',
    lanes: [LANE],
    durationMs: 15 * MINUTE_MS,
    latency: LATENCY,
    targets: TARGETS,
    outages: [{ from: 6 * MINUTE_MS, to: 7 * MINUTE_MS }],
    arrivals: demand(seed, overload(15)),
  }),
  'quota-change': (seed) => ({
    about: 'The quota is halved, and doubled again, known two minutes later',
    lanes: [LANE],
    durationMs: 20 * MINUTE_MS,
    latency: LATENCY,
    targets: { ...TARGETS, throttledShare: 0.02 },
    quotaChanges: [
      {
        lane: laneOf(NOVA),
        at: 6.3 * MINUTE_MS,
        limits: { tokensPerMinute: TPM / 2 },
        announcedAfterMs: 2 * MINUTE_MS,
      },
      {
        lane: laneOf(NOVA),
        at: 13.3 * MINUTE_MS,
        limits: { tokensPerMinute: TPM },
        announcedAfterMs: 2 * MINUTE_MS,
      },
    ],
    arrivals: demand(seed, overload(20)),
  }),
  'three-lanes': (seed) => {
    const lanes: SimulatedLane[] = [
      LANE,
      { modelId: NOVA_LITE, limits: { requestsPerMinute: 300, tokensPerMinute: 2_000_000 } },
      { modelId: SONNET, limits: { requestsPerMinute: RPM, tokensPerMinute: 600_000 } },
    ];
    return {
      about: 'Three lanes at once: by tokens, by requests, with burndown 5',
      lanes,
      durationMs: 12 * MINUTE_MS,
      latency: LATENCY,
      targets: TARGETS,
      arrivals: demand(
        seed,
        lanes.flatMap((lane) => overload(12, lane)),
      ),
    };
  },
};

export const WORKLOAD_NAMES = Object.keys(BUILDS);

/** @throws RangeError for a name that is not one of {@link WORKLOAD_NAMES} */
export function workloadOf(name: string, seed: number): Workload {
  const build = BUILDS[name];
  if (build === undefined) {
    throw new RangeError(`workload: expected one of ${WORKLOAD_NAMES.join(', ')}, got ${name}`);
  }
  return { name, ...build(seed) };
}
