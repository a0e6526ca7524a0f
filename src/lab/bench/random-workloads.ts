/**
 * Workloads that nobody tuned the engine for: lanes, quotas, sizes, durations, tenants, priorities, patterns, faults and
 * errors are drawn, each order of magnitude as likely as any other. The same number and seed give the same workload.
 */
import { laneOf, outputLimitOf } from '../../core/lane/catalog/catalog.ts';
import { ENFORCEMENTS, type Enforcement, type QuotaLimits } from '../../local/bedrock/accounting.ts';
import { resolveModel } from '../../local/bedrock/models.ts';
import { FOREIGN_CALL_TOKENS } from '../simulation/foreign-traffic.ts';
import { forkRandom, type Random } from '../simulation/random.ts';
import { type EstimateError, meanCharge, TARGETS, type Workload } from '../simulation/workload.ts';
import {
  arrivalsOfLane,
  between,
  drawKinds,
  drawPattern,
  drawPriorities,
  type Kind,
  type LaneTraffic,
  magnitude,
  type Pattern,
  percent,
  pick,
} from './random-traffic.ts';

const MINUTE_MS = 60_000;
const MODELS = [
  'amazon.nova-micro-v1:0',
  'amazon.nova-lite-v1:0',
  'amazon.nova-pro-v1:0',
  'amazon.nova-2-lite-v1:0',
  'anthropic.claude-haiku-4-5-20251001-v1:0',
  'anthropic.claude-sonnet-4-5-20250929-v1:0',
  'anthropic.claude-opus-4-6-v1',
  'anthropic.claude-opus-5-20260924-v1:0',
].flatMap((id) => [id, `us.${id}`, `global.${id}`]);
const LARGEST_INPUT = 150_000;
const LARGEST_OUTPUT = 16_000;
/** Of a minute's tokens, for the input of one request and for the charge of its output. */
const LARGEST_INPUT_PART = 0.45;
const LARGEST_OUTPUT_PART = 0.2;
const LONGEST_CALL_MS = 180_000;
/** A run is as long as its rates allow: about so many calls, but minutes enough for a backlog to show. */
const CALLS = 3_000;
const SHORTEST_MINUTES = 3.5;
const LONGEST_MINUTES = 6;
/** All lanes together. */
const MOST_PER_MINUTE = 10_000;
/** Quotas of tokens alone serve so many requests a minute, or more. */
const LEAST_MOST_PER_MINUTE = 60;
const MOST_AT_ONCE = 2_000;
/** Calls that one worker carries, and workers beside those that calls need on average. */
const CALLS_OF_WORKER = 15;
const DEFAULT_WORKERS = 30;

export interface RandomWorkload extends Workload {
  /** How this Bedrock measures its minute. */
  enforcement: Enforcement;
}

const NAME = /^random-(\d+)$/;

/** The number of a name such as `random-17`; undefined for other names. */
export function numberOfRandom(name: string): number | undefined {
  const [, number] = NAME.exec(name) ?? [];
  return number === undefined ? undefined : Number(number);
}

export function randomWorkload(number: number, seed: number): RandomWorkload {
  const random = forkRandom(seed, `random workload ${number}`);
  const latency = drawLatency(random);
  const count = pick(random, [1, 1, 1, 1, 1, 1, 2, 2, 3, 4, Math.round(between(random, 5, 20))]);
  const models = shuffled(MODELS, random).slice(0, count);
  const estimateError = drawEstimateError(random);
  const drawn = models.map((modelId) =>
    drawLane(random, modelId, latency, estimateError, MOST_PER_MINUTE / count),
  );
  const durationMs = durationOf(drawn);
  const faultRate = random() < 0.5 ? 0 : between(random, 0, 0.1);
  const disturbances = drawDisturbances(random, drawn, durationMs);
  const atOnce = drawn.reduce((sum, { rate, meanMs }) => sum + (rate * meanMs) / MINUTE_MS, 0);
  const arrivals = drawn.flatMap((it) => arrivalsOfLane(it, durationMs, random)).sort((a, b) => a.at - b.at);
  return {
    name: `random-${number}`,
    about: aboutOf(drawn, [
      faultRate > 0 && `${percent(faultRate)} faults`,
      `estimates × ${estimateError.bias.toFixed(2)} ± ${percent(estimateError.spread - 1)}`,
      ...disturbances.about,
    ]),
    enforcement: pick(random, ENFORCEMENTS),
    lanes: drawn.map(({ lane }) => lane),
    durationMs,
    arrivals,
    latency,
    faultRate,
    estimateError,
    workers: Math.max(DEFAULT_WORKERS, Math.ceil((2 * atOnce) / CALLS_OF_WORKER)),
    ...disturbances.workload,
    targets: {
      ...TARGETS,
      utilisationRatio: 0.95,
      urgentIsWithinShare: false,
      ...(disturbances.about.length > 0 && { throttledShare: 0.02, utilisationRatio: 0.9 }),
    },
  };
}

/** From chat to minute-long reasoning. */
function drawLatency(random: Random): Workload['latency'] {
  return { firstTokenMs: magnitude(random, 250, 6_000), perTokenMs: magnitude(random, 2, 20) };
}

/** Up to a factor of two. */
function drawEstimateError(random: Random): EstimateError {
  const bias = random() < 0.5 ? 1 : magnitude(random, 0.5, 2);
  return { bias, spread: between(random, 1.05, 1.4) };
}

interface DrawnLane extends LaneTraffic {
  /** How many requests a minute the quota serves, and for how long each runs on average. */
  rate: number;
  meanMs: number;
}

/** As long as a backlog needs to show, and longer where little comes. */
function durationOf(lanes: readonly DrawnLane[]): number {
  const sum = (of: (pattern: Pattern) => number) =>
    lanes.reduce((total, { pattern }) => total + of(pattern), 0);
  const perMinute = sum(({ mostPerMinute, meanPart }) => mostPerMinute * meanPart);
  const ofBursts = sum(({ bursts }) => bursts.reduce((all, { count }) => all + count, 0));
  const longest = lanes.reduce((most, { pattern }) => Math.max(most, pattern.burstMinutes), 0);
  const minutes = Math.min(LONGEST_MINUTES, Math.max(0, CALLS - ofBursts) / perMinute);
  return Math.round(Math.max(SHORTEST_MINUTES, longest + 2, minutes) * MINUTE_MS);
}

function drawLane(
  random: Random,
  modelId: string,
  { firstTokenMs, perTokenMs }: Workload['latency'],
  { bias, spread }: EstimateError,
  laneMostPerMinute: number,
): DrawnLane {
  const mostPerMinute = magnitude(random, LEAST_MOST_PER_MINUTE, laneMostPerMinute);
  const { burndown } = resolveModel(modelId);
  const drawnTokens = magnitude(random, 20_000, 30_000_000);
  // Whatever the estimates, each request fits into the quota.
  const longestInput = Math.min(
    LARGEST_INPUT,
    (LARGEST_INPUT_PART * drawnTokens) / Math.max(1, bias * spread ** 2),
  );
  const longestOutput = Math.min(
    outputLimitOf(modelId),
    LARGEST_OUTPUT,
    (LARGEST_OUTPUT_PART * drawnTokens) / burndown,
    (LONGEST_CALL_MS - 2 * firstTokenMs) / perTokenMs,
  );
  const kinds = drawKinds(random, { longestInput, longestOutput });
  const mean = (of: (kind: Kind) => number) =>
    kinds.reduce((sum, kind) => sum + kind.weight * of(kind), 0) /
    kinds.reduce((sum, { weight }) => sum + weight, 0);
  const charge = mean(({ sizes }) => meanCharge(sizes, burndown));
  const output = mean(({ sizes }) => meanCharge(sizes, 2) - meanCharge(sizes, 1));
  const largest = kinds.reduce(
    (most, { sizes: { inputMost = 0, outputMost } }) =>
      Math.max(most, inputMost / LARGEST_INPUT_PART, (outputMost * burndown) / LARGEST_OUTPUT_PART),
    0,
  );
  const meanMs = firstTokenMs + perTokenMs * output;
  const most = Math.min(mostPerMinute, (MOST_AT_ONCE * MINUTE_MS) / meanMs);
  const tokensPerMinute = Math.ceil(Math.min(drawnTokens, Math.max(20_000, largest, most * charge)));
  const requestsPerMinute = random() < 0.35 ? undefined : Math.round(magnitude(random, 2, 10_000));
  const limits: QuotaLimits = { tokensPerMinute, ...(requestsPerMinute && { requestsPerMinute }) };
  const rate = Math.min(requestsPerMinute ?? Number.POSITIVE_INFINITY, tokensPerMinute / charge, most);
  return {
    ...{ lane: { modelId, limits }, kinds, rate, meanMs },
    pattern: drawPattern(random, rate),
    tenants: Math.round(magnitude(random, 1, 500)),
    priorities: drawPriorities(random),
  };
}

/** Somebody else on the quota, or a quota that changes: in some workloads. */
function drawDisturbances(
  random: Random,
  lanes: readonly DrawnLane[],
  durationMs: number,
): { about: string[]; workload: Pick<Workload, 'foreign' | 'quotaChanges'> } {
  const { lane, rate } = pick(random, lanes);
  const name = laneOf(lane.modelId);
  const { tokensPerMinute: tokens = 0, requestsPerMinute: requests = Number.POSITIVE_INFINITY } = lane.limits;
  const kind = pick(random, ['none', 'none', 'none', 'none', 'none', 'foreign', 'quota'] as const);
  const part = between(random, 0.1, 0.5);
  const from = Math.round(durationMs * between(random, 0.2, 0.4));
  if (kind === 'foreign' && rate > 20) {
    const to = Math.round(durationMs * between(random, 0.6, 0.9));
    // Of the limit that binds them.
    const tokensPerMinute = part * Math.min(tokens, requests * FOREIGN_CALL_TOKENS);
    return {
      about: [`others take ${percent(part)}`],
      workload: { foreign: [{ lane: name, from, to, tokensPerMinute }] },
    };
  }
  if (kind === 'quota') {
    const factor = pick(random, [0.7, 1.5]);
    const limits = { tokensPerMinute: Math.round(tokens * factor) };
    const announcedAfterMs = pick(random, [0, 30_000, 120_000]);
    return {
      about: [`quota × ${factor}, known ${announcedAfterMs / 1_000} s later`],
      workload: { quotaChanges: [{ lane: name, at: from, limits, announcedAfterMs }] },
    };
  }
  return { about: [], workload: {} };
}

function aboutOf(drawn: readonly DrawnLane[], others: readonly (string | false)[]): string {
  const lanes = drawn.slice(0, 2).map(({ lane, kinds, pattern, tenants }) => {
    const { requestsPerMinute = '–', tokensPerMinute = '–' } = lane.limits;
    const sizes = kinds.map(({ sizes, priority }) => {
      const max = sizes.maxTokens === undefined ? 'unset' : sizes.maxTokens;
      const only = priority === undefined ? '' : ` P${priority}`;
      return `${Math.round(sizes.inputMedian)}+${Math.round(sizes.outputMedian)}/${max}${only}`;
    });
    return `${laneOf(lane.modelId)} ${requestsPerMinute}/${tokensPerMinute} [${sizes.join(', ')}] ${pattern.about}, ${tenants} tenants`;
  });
  const more = drawn.length > 2 ? [`and ${drawn.length - 2} lanes more`] : [];
  return [...lanes, ...more, ...others.filter((it) => it !== false)].join('; ');
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
