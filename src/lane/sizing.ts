/** How large a call is taken to be: what it may use, what Bedrock deducts at its start, what it will be charged. */
import type { BacklogEntry } from '../request/ports.ts';
import { burndownOf, outputLimitOf } from './catalog.ts';
import type { Estimates, Outputs } from './estimates.ts';
import type { Limits } from './ports.ts';

/** Where max tokens is unset it is granted so that this share of answers is not cut. */
const GRANT_QUANTILE = 0.98;
/** Above the quantile, for answers that are longer tomorrow. */
const GRANT_MARGIN = 1.25;
/** Never granted less. */
const GRANT_FLOOR = 512;
/** Granted while nothing is known. */
const GRANT_UNKNOWN = 4_096;
/** Expected of an answer while nothing is known, as a share of max tokens. */
const OUTPUT_UNKNOWN = 0.5;

export interface Sizing {
  /** What the call may answer. */
  maxTokens: number;
  /** What Bedrock deducts at the start. */
  reserved: number;
  /** What the ledger holds until the end: the reservation, or the charge to expect where that is more. */
  held: number;
  /** Of what is held, tokens²: estimates err, and so do charges above the reservation. */
  variance: number;
  /** The charge to expect. */
  charge: number;
}

export function sizeOf(entry: BacklogEntry, estimates: Estimates, limits: Limits): Sizing {
  // A reservation errs on the large side; the expected charge does not err on purpose.
  const input = Math.ceil(entry.input_tokens * Math.max(1, estimates.inputRatio));
  const outputs = estimates.outputs(entry.task);
  const maxTokens = entry.max_tokens ?? grant(entry, outputs, limits, input);
  const burndown = burndownOf(entry.model_id);
  const reserved = input + maxTokens;
  const chargeFor = (tokens: number) => input + Math.min(maxTokens, tokens) * burndown;
  // While nothing is known, the longest answer is held and a middling one expected.
  const held = outputs?.moments((tokens) => Math.max(reserved, chargeFor(tokens))) ?? {
    mean: Math.max(reserved, chargeFor(maxTokens)),
    variance: 0,
  };
  const output = outputs?.moments((tokens) => Math.min(maxTokens, tokens)).mean ?? maxTokens * OUTPUT_UNKNOWN;
  return {
    maxTokens,
    reserved,
    held: Math.ceil(held.mean),
    variance: held.variance + estimates.inputVariance,
    charge: Math.ceil(entry.input_tokens * estimates.inputRatio + output * burndown),
  };
}

/** Unset means the model's maximum to Bedrock, which would reserve tens of thousands of tokens: never sent unset. */
function grant(entry: BacklogEntry, outputs: Outputs | undefined, limits: Limits, input: number): number {
  const room = (limits.tokens_per_minute ?? Number.POSITIVE_INFINITY) - input;
  const most = Math.max(1, Math.min(outputLimitOf(entry.model_id), room));
  if (entry.full_allowance) return most;
  const wanted =
    outputs === undefined ? GRANT_UNKNOWN : (outputs.quantile(GRANT_QUANTILE) ?? most) * GRANT_MARGIN;
  return Math.min(most, Math.max(GRANT_FLOOR, Math.ceil(wanted)));
}
