import type { Payload } from '../request/hold-message.ts';
import { maxTokensPath } from '../request/invoke-bodies.ts';
import { withValueAt } from '../request/json.ts';
import type { RequestRecord } from '../request/record.ts';

/**
 * The call as its release allows it: Bedrock reserves what max tokens says, so it must say what was reserved. Where the
 * request decides about it, the call is sent as it came.
 */
export function withGrantedMaxTokens(record: RequestRecord, payload: Payload): Payload {
  const { max_tokens, granted_max_tokens: maxTokens } = record;
  if (max_tokens !== undefined || maxTokens === undefined) return payload;
  if (payload.operation === 'converse') {
    const inferenceConfig = { ...(payload.converse.inferenceConfig as object | undefined), maxTokens };
    return { ...payload, converse: { ...payload.converse, inferenceConfig } };
  }
  const { body } = payload.invoke_model;
  const path = maxTokensPath(record.lane, body);
  if (path === undefined) return payload;
  return {
    ...payload,
    invoke_model: { ...payload.invoke_model, body: withValueAt(body, path, maxTokens) },
  };
}
