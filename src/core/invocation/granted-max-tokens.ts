import type { Payload } from '../request/hold-message.ts';
import { withMaxTokens } from '../request/invoke-bodies.ts';
import type { RequestRecord } from '../request/record.ts';

/** The call as its release allows it: Bedrock reserves what max tokens says, so it must say what was reserved. */
export function withGrantedMaxTokens(record: RequestRecord, payload: Payload): Payload {
  const maxTokens = record.granted_max_tokens;
  if (maxTokens === undefined) return payload;
  if (payload.operation === 'converse') {
    const inferenceConfig = { ...(payload.converse.inferenceConfig as object | undefined), maxTokens };
    return { ...payload, converse: { ...payload.converse, inferenceConfig } };
  }
  const body = withMaxTokens(record.lane, payload.invoke_model.body, maxTokens);
  return { ...payload, invoke_model: { ...payload.invoke_model, body } };
}
