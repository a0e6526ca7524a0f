/** Why a request that is well-formed is refused all the same. */
import type { Limits } from '../lane/catalog/limits.ts';
import type { ExpectedStart } from '../lane/expected-start.ts';
import type { LaneStatus } from '../lane/ports.ts';
import { requestError } from '../request/error-types.ts';
import type { RequestError, RequestRecord } from '../request/record.ts';

type Judged = Pick<RequestRecord, 'lane' | 'input_tokens' | 'max_tokens' | 'thinking_tokens'>;

/** A lane's limits, without those that are only assumed. */
export function certainLimits({ limits = {}, figures }: LaneStatus = {}): Limits {
  const assumed: readonly string[] = figures?.assumed ?? [];
  return Object.fromEntries(Object.entries(limits).filter(([limit]) => !assumed.includes(limit)));
}

/**
 * Why a request can never run: Bedrock reserves its input and max tokens when it starts, so what exceeds a whole minute's
 * quota is refused at any time. Undefined when it can, or might. A limit of zero is a closed account, not a size.
 * @param leastInput as few tokens as its input can well have
 */
export function quotaViolation(record: Judged, leastInput: number, limits: Limits): RequestError | undefined {
  const { lane, input_tokens, max_tokens, thinking_tokens = 0 } = record;
  const limit = limits.tokens_per_minute;
  const leastOutput = max_tokens ?? thinking_tokens + 1;
  if (!limit || leastInput + leastOutput <= limit) return undefined;
  const room = limit - input_tokens;
  const remedy =
    room >= 1
      ? `Max tokens of at most ${room} would fit`
      : `An input of fewer than ${limit} tokens would fit, with max tokens for the rest`;
  return requestError(
    'ExceedsQuota',
    `input and max tokens: about ${input_tokens} and ${max_tokens ?? 'no'} max tokens exceed ${limit}, ` +
      `the tokens per minute of ${lane}. ${remedy}`,
  );
}

/** Milliseconds of the last moment that a Date can tell. */
const LAST_DATE = 8.64e15;

/** That a request will probably not start by its deadline; undefined when it well may, or nothing is known. */
export function lateness(
  { accepted_at, deadline_at, tenant }: Pick<RequestRecord, 'accepted_at' | 'deadline_at' | 'tenant'>,
  start: ExpectedStart | undefined,
): RequestError | undefined {
  if (start === undefined || accepted_at + start.p50 <= deadline_at) return undefined;
  const anyway = 'or leave out if_too_late to let it wait all the same';
  const budget = `the budget of tenant ${tenant} (variable tenant_budgets)`;
  if (start.p50 === Number.POSITIVE_INFINITY) {
    return tooSoon(`${budget} is zero, so the request cannot start. Raise the budget, ${anyway}`);
  }
  const dateOf = (at: number) => new Date(Math.min(at, LAST_DATE)).toISOString();
  const at = dateOf(accepted_at + start.p50);
  const late = `which is after its deadline, ${dateOf(deadline_at)}. Allow more time, give it a more urgent priority`;
  return start.p95 === Number.POSITIVE_INFINITY
    ? tooSoon(`the request can start at ${at} at the earliest, ${late}, raise ${budget}, ${anyway}`)
    : tooSoon(`the request is expected to start at ${at}, ${late}, ${anyway}`);
}

function tooSoon(message: string): RequestError {
  return requestError('DeadlineTooSoon', `deadline: ${message}`);
}
