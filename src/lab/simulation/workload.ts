import type { ModelErrorDetails } from '../../core/invocation/errors.ts';
import type { Priority } from '../../core/request/record.ts';
import type { QuotaLimits } from '../../local/bedrock/accounting.ts';
import { exponential, forkRandom, logNormal, type Random } from './random.ts';
import type { Interval, Latency } from './virtual-bedrock.ts';

/** What a producer asks for, and what nobody knows beforehand. */
export interface Arrival {
  /** Milliseconds after the beginning, when the producer sends it. */
  at: number;
  modelId: string;
  priority: Priority;
  tenant: string;
  inputTokens: number;
  outputTokens: number;
  /** As the producer sets it; absent when unset. */
  maxTokens?: number;
  /** How its prompt begins, where others begin so, too. */
  opening?: string;
  /** What Bedrock says to it, instead of an answer. */
  refusal?: ModelErrorDetails;
  /** Of the requests of one burst, which come at once: the burst's number. */
  burst?: number;
}

export interface SimulatedLane {
  modelId: string;
  limits: QuotaLimits;
}

/** The quota changes at `at`; Service Quotas tells it `announcedAfterMs` later. */
export interface QuotaChange {
  at: number;
  lane: string;
  limits: QuotaLimits;
  announcedAfterMs: number;
}

/** Someone else uses a lane's quota: settled tokens a minute. */
export interface ForeignTraffic extends Interval {
  lane: string;
  tokensPerMinute: number;
}

/** Messages wait in the Input queue for it. */
export interface SlowIngestion {
  perSecond: number;
  /** In which it takes none. */
  pause?: Interval;
}

/** How estimates of input tokens err: each is the truth × `bias` × a log-normal factor. */
export interface EstimateError {
  bias: number;
  /** One sigma, as a factor. */
  spread: number;
}

export interface Workload {
  name: string;
  /** One line for the table's reader. */
  about: string;
  lanes: readonly SimulatedLane[];
  /** The run ends then. */
  durationMs: number;
  /** In order of time. */
  arrivals: Iterable<Arrival>;
  latency: Latency;
  quotaChanges?: readonly QuotaChange[];
  foreign?: readonly ForeignTraffic[];
  outages?: readonly Interval[];
  faultRate?: number;
  /** Absent: ingestion takes each message as it comes. */
  ingestion?: SlowIngestion;
  /** A tenth, without bias, unless given. */
  estimateError?: EstimateError;
  /** The workers that its operator has allowed: the variable's default unless given. */
  workers?: number;
  targets: Targets;
}

/** What this workload must show. */
export interface Targets {
  /** Of the attainable share while there is a backlog. */
  utilisationRatio: number;
  /** Throttled calls as a share of all calls. */
  throttledShare: number;
  /** The most urgent priority's demand is within its share, so its wait is bounded. */
  urgentIsWithinShare: boolean;
}

export const TARGETS: Targets = { utilisationRatio: 0.97, throttledShare: 0.001, urgentIsWithinShare: true };

/** How large the calls of a stream are. */
export interface Sizes {
  inputMedian: number;
  outputMedian: number;
  /** One sigma of both, as a factor. */
  spread: number;
  /** Longest answer: the model stops by itself. */
  outputMost: number;
  /** Longest input; twenty times the median unless given. */
  inputMost?: number;
  maxTokens?: number;
  /** Their prompts begin with it; each begins as no other does unless given. */
  opening?: string;
}

/** A chat turn whose producer sets max tokens with sense. */
export const CHAT: Sizes = {
  inputMedian: 600,
  outputMedian: 200,
  spread: 1.8,
  outputMost: 512,
  maxTokens: 512,
};

/** Arrivals of one kind. */
export interface Stream {
  modelId: string;
  priority: Priority;
  tenant: string;
  sizes: Sizes;
  /** A Poisson process at this rate. */
  perMinute: number;
  fromMs: number;
  toMs: number;
}

/** All arrivals of the streams, in order of time. Each stream draws from a source of its own. */
export function arrivalsOf(streams: readonly Stream[], seed: number): Arrival[] {
  const arrivals = streams.flatMap((stream, index) =>
    streamArrivals(stream, forkRandom(seed, `stream ${index}`)),
  );
  return arrivals.sort((a, b) => a.at - b.at);
}

/** Mean settled tokens of a call with these sizes. */
export function meanCharge(sizes: Sizes, burndown: number): number {
  const random = forkRandom(0, 'mean');
  const draws = 4_000;
  let sum = 0;
  for (let draw = 0; draw < draws; draw++) {
    const { inputTokens, outputTokens } = drawSizes(sizes, random);
    sum += inputTokens + outputTokens * burndown;
  }
  return sum / draws;
}

function streamArrivals(stream: Stream, random: Random): Arrival[] {
  const { modelId, priority, tenant, sizes, perMinute, fromMs, toMs } = stream;
  const arrivals: Arrival[] = [];
  const meanGapMs = 60_000 / perMinute;
  for (let at = fromMs + exponential(random, meanGapMs); at < toMs; at += exponential(random, meanGapMs)) {
    arrivals.push({ at: Math.floor(at), modelId, priority, tenant, ...drawSizes(sizes, random) });
  }
  return arrivals;
}

export function drawSizes(
  sizes: Sizes,
  random: Random,
): Pick<Arrival, 'inputTokens' | 'outputTokens' | 'maxTokens' | 'opening'> {
  const { inputMedian, outputMedian, spread, outputMost, maxTokens, opening } = sizes;
  const { inputMost = inputMedian * 20 } = sizes;
  const inputTokens = Math.max(1, Math.min(inputMost, Math.round(logNormal(random, inputMedian, spread))));
  const wanted = Math.max(1, Math.round(logNormal(random, outputMedian, spread)));
  const outputTokens = Math.min(wanted, outputMost, maxTokens ?? outputMost);
  return {
    inputTokens,
    outputTokens,
    ...(maxTokens !== undefined && { maxTokens }),
    ...(opening !== undefined && { opening }),
  };
}
