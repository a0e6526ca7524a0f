import type { RequestRecord } from './record.ts';

type Allowed = Pick<RequestRecord, 'max_tokens' | 'granted_max_tokens' | 'most_max_tokens'>;

/**
 * Tokens that a call did not reserve because the smoother chose its max tokens, beside the full allowance: all that
 * model and quota could have given, which is what unset max tokens reserve. 0 where the producer chose.
 */
export function unreservedTokens({ max_tokens, granted_max_tokens, most_max_tokens }: Allowed): number {
  if (max_tokens !== undefined || granted_max_tokens === undefined) return 0;
  return Math.max(0, (most_max_tokens ?? granted_max_tokens) - granted_max_tokens);
}
