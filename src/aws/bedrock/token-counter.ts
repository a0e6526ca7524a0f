import { type BedrockRuntimeClient, CountTokensCommand } from '@aws-sdk/client-bedrock-runtime';
import type { TokenCounter } from '../../core/ingestion/input-counts.ts';
import { maxTokensPath } from '../../core/request/invoke-bodies.ts';
import { at, parseJson } from '../../core/request/json.ts';
import { JsonText, withValueAt } from '../../core/request/json-text.ts';
import type { Call } from '../../core/request/payload.ts';
import { exchange } from './exchange.ts';

/** A request waits no longer than that for its count. */
const TIMEOUT_MS = 2_000;

/** What counts of a Converse request. */
const COUNTED = ['messages', 'system', 'toolConfig', 'additionalModelRequestFields'];

/** Bedrock's CountTokens: free, but with a rate of its own. */
export function bedrockTokenCounter(client: BedrockRuntimeClient): TokenCounter {
  return {
    async count(modelId, call) {
      const command = new CountTokensCommand({ modelId, input: undefined });
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const answer = await exchange(
        client,
        command,
        Buffer.from(`{"input":${inputOf(modelId, call)}}`),
        signal,
      );
      const counted = at(parseJson(Buffer.from(answer.body).toString('utf8')), ['inputTokens']);
      return typeof counted === 'number' ? counted : undefined;
    },
  };
}

/** The part of a Converse request that counts, or a whole body: one that InvokeModel takes, so with max tokens. */
function inputOf(modelId: string, { payload, body }: Call): string {
  if (payload.operation === 'converse') {
    const text = new JsonText(body);
    const members = COUNTED.map((name) => [name, text.at([name])]).filter(([, value]) => value !== undefined);
    return `{"converse":{${members.map(([name, value]) => `"${name}":${value}`).join(',')}}}`;
  }
  const path = maxTokensPath(modelId, payload.invoke_model.body);
  const isUnset = path !== undefined && (at(payload.invoke_model.body, path) ?? null) === null;
  const whole = isUnset ? withValueAt(body, path, 1) : body;
  return JSON.stringify({ invokeModel: { body: Buffer.from(whole).toString('base64') } });
}
