import type { Limits } from '../lane/catalog/limits.ts';
import { requestError } from '../request/error-types.ts';
import type { RequestError, RequestRecord } from '../request/record.ts';

type Judged = Pick<RequestRecord, 'lane' | 'input_tokens' | 'max_tokens' | 'thinking_tokens'>;

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
