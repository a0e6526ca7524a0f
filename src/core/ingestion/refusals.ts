/** Why a request that is well-formed is refused all the same. */
import type { Limits } from '../lane/catalog/limits.ts';
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

/** That a request will probably not start by its deadline; undefined when it well may, or nothing is known. */
export function lateness({
  expected_start_at: expected,
  deadline_at,
}: Pick<RequestRecord, 'expected_start_at' | 'deadline_at'>): RequestError | undefined {
  if (expected === undefined || expected <= deadline_at) return undefined;
  const [start, deadline] = [expected, deadline_at].map((at) => new Date(at).toISOString());
  return requestError(
    'DeadlineTooSoon',
    `deadline: the request is expected to start at ${start}, which is after its deadline, ${deadline}. ` +
      'Allow more time, give it a more urgent priority, or leave out if_too_late to let it wait all the same',
  );
}
