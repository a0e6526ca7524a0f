import type { Limits } from '../lane/catalog/limits.ts';
import { requestError } from '../request/error-types.ts';
import type { RequestError, RequestRecord } from '../request/record.ts';

/**
 * Why a request can never run: Bedrock reserves its input and max tokens when it starts, so what exceeds a whole minute's
 * quota is refused at any time. Undefined when it can. A limit of zero is a closed account, not a size.
 */
export function quotaViolation(
  { lane, input_tokens, max_tokens }: Pick<RequestRecord, 'lane' | 'input_tokens' | 'max_tokens'>,
  limits: Limits | undefined,
): RequestError | undefined {
  const limit = limits?.tokens_per_minute;
  const least = max_tokens ?? 1;
  if (!limit || input_tokens + least <= limit) return undefined;
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
