import type { RequestRecord } from '../request/record.ts';
import { modelOf } from './catalog/catalog.ts';

type Allowed = Pick<RequestRecord, 'lane' | 'max_tokens' | 'granted_max_tokens' | 'most_max_tokens'>;

/**
 * Tokens that a call did not reserve because the smoother chose its max tokens, beside the full allowance: all that
 * model and quota could have given, which is what unset max tokens reserve. 0 where the producer chose, and for models
 * that the catalog does not know, because what they would have reserved is unknown.
 */
export function unreservedTokens({ lane, max_tokens, granted_max_tokens, most_max_tokens }: Allowed): number {
  if (max_tokens !== undefined || granted_max_tokens === undefined || modelOf(lane) === undefined) return 0;
  return Math.max(0, (most_max_tokens ?? granted_max_tokens) - granted_max_tokens);
}
