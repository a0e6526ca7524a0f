/** How large a call is taken to be: what it may use, what Bedrock deducts at its start, what it will be charged. */
import type { BacklogEntry } from '../../request/ports.ts';
import { burndownOf, contextLimitOf, outputLimitOf } from '../catalog/catalog.ts';
import type { Limits } from '../catalog/limits.ts';
import type { Estimates, Input, Outputs } from './estimates.ts';
import { noticeMs } from './report-deltas.ts';

/** Where max tokens is unset it is granted so that this share of answers is not cut. */
const GRANT_QUANTILE = 0.98;
/** Above the quantile, for answers that are longer tomorrow. */
const GRANT_MARGIN = 1.25;
/** With few samples, times up to so much more: the first answers to end are the short ones, and a rerun is dear. */
const FEW_MARGIN = 2;
/**
 * Where more answers are cut than that, more by what a tail of Pareto with index 2 needs beyond the longest of them: longer ones have no
 * variance. At most so many times as much, which an answer that was cut is granted itself. All that the model can give would hold half
 * of a small quota for each such call: it is granted to the few that are cut again.
 */
const TAIL_INDEX = 2;
const CUT_MARGIN = 4;
/**
 * Never granted less, beside the budget of a model that thinks, which counts as output: for an answer that is longer than others
 * were, a rerun costs the input again. So of a short input as much as it has is enough, or the second of these, where no thoughts would
 * be thought again: labels of one token would otherwise hold six times what they need.
 */
const GRANT_FLOOR = 512;
const SHORTEST_FLOOR = 128;
/** Granted while nothing is known. */
const GRANT_UNKNOWN = 4_096;
/** Expected of an answer while nothing is known, as a share of max tokens; all of them where that owes a debt. */
const OUTPUT_UNKNOWN = 0.5;
/**
 * While nothing is known, no answer is believed to be charged more than this part of the minute: on a small quota, with a high
 * burndown rate, the longest answers would otherwise let one call run a minute, and it would take half an hour to learn better.
 */
const MINUTE_UNKNOWN = 0.2;
/** Models refuse what exceeds their context. So room for the error of the input's estimate is left there, in standard deviations. */
const CONTEXT_DEVIATIONS = 2.5;
/** At least this share of the input is left: the error grows with the input, and those before may have been short, or none. */
const CONTEXT_SHARE = 0.02;
/** At most this share of what the context leaves beside the input: the rest is for the answer. */
const MOST_OF_CONTEXT = 0.5;

export interface Sizing {
  /** What the call may answer. */
  maxTokens: number;
  /** The most that it could have been granted; absent where the producer chose. */
  mostMaxTokens?: number;
  /** What Bedrock deducts at the start, as far as the input's estimate tells. */
  reserved: number;
  /** What Bedrock deducts at least, however small the input turns out to be. */
  least: number;
  /** By its estimate the call does not fit into a minute: it runs alone, and Bedrock decides. */
  exceedsQuota: boolean;
  /** What the ledger holds until the end: the reservation, and what may come on top of it any moment. */
  held: number;
  /** Of what is held, tokens²: estimates of inputs err, and debts vary. */
  variance: number;
  /** The charge to expect. */
  charge: number;
  /** What it is served with, to be shared out: the charge, and its part of the quota of requests at least. */
  cost: number;
}

/**
 * @param runMs how long a call of the lane takes
 * @param callMs how long a call may take
 */
export function sizeOf(
  entry: BacklogEntry,
  estimates: Estimates,
  limits: Limits,
  runMs: number,
  callMs = Number.POSITIVE_INFINITY,
): Sizing {
  const estimated = estimates.input(entry);
  const { reserved: input, expected: expectedInput, variance: inputVariance } = estimated;
  const outputs = estimates.outputs(entry.task);
  const most = Math.min(
    mostOf(entry, limits, estimated),
    estimates.tokensWithin(callMs) ?? Number.POSITIVE_INFINITY,
  );
  const burndown = burndownOf(entry.lane);
  const believed = (MINUTE_UNKNOWN * (limits.tokens_per_minute ?? Number.POSITIVE_INFINITY)) / burndown;
  const maxTokens =
    entry.max_tokens ?? Math.max(grant(entry, outputs, most, believed, input), leastOf(entry));
  const reserved = input + maxTokens;
  const debtOf = (tokens: number) => Math.max(0, input + Math.min(maxTokens, tokens) * burndown - reserved);
  // While little is known, the longest answer is held that is believed.
  const debt = outputs.moments(debtOf, debtOf(believed));
  // A charge above the reservation is a debt that delays later calls. That part of it is held which may fall due before we know.
  const soon = Math.min(1, noticeMs(runMs) / runMs);
  const unknown = Math.min(believed, maxTokens * (burndown > 1 ? 1 : OUTPUT_UNKNOWN));
  const output = outputs.moments((tokens) => Math.min(maxTokens, tokens), unknown).mean;
  const charge = Math.ceil(expectedInput + output * burndown);
  return {
    maxTokens,
    mostMaxTokens: entry.max_tokens === undefined ? most : undefined,
    reserved,
    least: 1 + (entry.max_tokens ?? leastOf(entry)),
    exceedsQuota: reserved > (limits.tokens_per_minute ?? Number.POSITIVE_INFINITY),
    held: reserved + Math.ceil(debt.mean * soon),
    variance: inputVariance + soon * (debt.variance + (1 - soon) * debt.mean ** 2),
    charge,
    cost: costOf(charge, limits),
  };
}

/** Of tokens, or of requests where there is no quota of tokens. */
function costOf(charge: number, { requests_per_minute, tokens_per_minute }: Limits): number {
  if (tokens_per_minute === undefined) return 1;
  return Math.max(charge, tokens_per_minute / (requests_per_minute ?? Number.POSITIVE_INFINITY));
}

/**
 * All that the model, its context and a minute's quota can give (and, see above, the time of a call): models refuse a call whose input and max tokens exceed
 * the context together. An input that seems to exceed one of them alone is Bedrock's to judge.
 */
function mostOf({ lane }: BacklogEntry, limits: Limits, { reserved: input, variance }: Input): number {
  const roomIn = (limit = Number.POSITIVE_INFINITY) =>
    limit > input ? limit - input : Number.POSITIVE_INFINITY;
  const context = roomIn(contextLimitOf(lane));
  const error = Math.max(CONTEXT_DEVIATIONS * Math.sqrt(variance), CONTEXT_SHARE * input);
  const withinContext = context - Math.floor(Math.min(error, MOST_OF_CONTEXT * context));
  return Math.min(outputLimitOf(lane), roomIn(limits.tokens_per_minute), withinContext);
}

/** A model that may think takes no fewer than that, and one token for the answer. */
function leastOf({ thinking_tokens }: BacklogEntry): number {
  return thinking_tokens === undefined ? 1 : thinking_tokens + 1;
}

/** Unset means the model's maximum to Bedrock, which would reserve tens of thousands of tokens: never sent unset. */
function grant(
  { full_allowance, thinking_tokens = 0 }: BacklogEntry,
  outputs: Outputs,
  most: number,
  believed: number,
  input: number,
): number {
  if (full_allowance) return most;
  const usual = usualGrant(thinking_tokens, outputs, believed, input);
  return Math.min(most, full_allowance === undefined ? usual : CUT_MARGIN * usual);
}

function usualGrant(thinkingTokens: number, outputs: Outputs, believed: number, input: number): number {
  const { tokens, beyond, fewness } = outputs.quantile(GRANT_QUANTILE);
  if (tokens === 'unknown') {
    const first = Math.max(GRANT_FLOOR, Math.min(GRANT_UNKNOWN, Math.floor(believed)));
    return thinkingTokens + first;
  }
  const tail = (beyond / (1 - GRANT_QUANTILE)) ** (1 / TAIL_INDEX);
  const margin = GRANT_MARGIN * Math.max(1 + FEW_MARGIN * fewness, tail);
  const wanted = tokens * Math.min(CUT_MARGIN, margin);
  const floor = thinkingTokens > 0 ? GRANT_FLOOR : Math.min(GRANT_FLOOR, Math.max(SHORTEST_FLOOR, input));
  return Math.max(thinkingTokens + floor, Math.ceil(wanted));
}
