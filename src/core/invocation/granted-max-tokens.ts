import { maxTokensPath } from '../request/invoke-bodies.ts';
import { withValueAt } from '../request/json-text.ts';
import type { Call } from '../request/payload.ts';
import type { RequestRecord } from '../request/record.ts';

/**
 * The call as its release allows it: Bedrock reserves what max tokens says, so it must say what was reserved. Where the
 * request decides about it, the call is sent as it came.
 */
export function withGrantedMaxTokens(record: RequestRecord, call: Call): Call {
  const { max_tokens, granted_max_tokens: maxTokens } = record;
  if (max_tokens !== undefined || maxTokens === undefined) return call;
  const { payload, body } = call;
  const path =
    payload.operation === 'converse'
      ? ['inferenceConfig', 'maxTokens']
      : maxTokensPath(record.lane, payload.invoke_model.body);
  return path === undefined ? call : { ...call, body: withValueAt(body, path, maxTokens) };
}
