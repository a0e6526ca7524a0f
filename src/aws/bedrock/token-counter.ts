import {
  type BedrockRuntimeClient,
  CountTokensCommand,
  type CountTokensInput,
} from '@aws-sdk/client-bedrock-runtime';
import type { TokenCounter } from '../../core/ingestion/input-counts.ts';
import type { Payload } from '../../core/request/hold-message.ts';
import { maxTokensPath } from '../../core/request/invoke-bodies.ts';
import { at, withValueAt } from '../../core/request/json.ts';
import { decodeBinaries } from './binary.ts';

/** A request waits no longer than that for its count. */
const TIMEOUT_MS = 2_000;

/** Bedrock's CountTokens: free, but with a rate of its own. */
export function bedrockTokenCounter(client: BedrockRuntimeClient): TokenCounter {
  return {
    async count(modelId, call) {
      const command = new CountTokensCommand({ modelId, input: inputOf(modelId, call) });
      const { inputTokens } = await client.send(command, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
      return inputTokens;
    },
  };
}

/** What counts of a Converse request, or the whole body: it must be one that InvokeModel takes, so with max tokens. */
function inputOf(modelId: string, call: Payload): CountTokensInput {
  if (call.operation === 'converse') {
    const { messages, system, toolConfig, additionalModelRequestFields } = call.converse;
    const counted = { messages, system, toolConfig, additionalModelRequestFields };
    return { converse: decodeBinaries(counted) } as CountTokensInput;
  }
  const { body } = call.invoke_model;
  const path = maxTokensPath(modelId, body);
  const whole = path && at(body, path) === undefined ? withValueAt(body, path, 1) : body;
  return { invokeModel: { body: Buffer.from(JSON.stringify(whole)) } };
}
