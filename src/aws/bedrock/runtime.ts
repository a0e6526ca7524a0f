import {
  BedrockRuntimeClient,
  type BedrockRuntimeClientConfig,
  ConverseCommand,
  type ConverseCommandOutput,
  InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime';
import type { ModelAnswer, ModelCall, ModelRuntime } from '../../core/invocation/ports.ts';
import { countsOutput, readAnswer } from '../../core/request/invoke-bodies.ts';
import { parseJson } from '../../core/request/json.ts';
import { bodyBytes, type InvokeParameters } from '../../core/request/payload.ts';
import { BedrockConnections } from './connections.ts';
import { modelErrorOf } from './errors.ts';
import { exchange } from './exchange.ts';
import { latencyOfHeaders, usageOfConverse, usageOfHeaders } from './usage.ts';

/** A client that tries once: each try spends quota, so the release engine decides about another one. */
export function bedrockClient(config: BedrockRuntimeClientConfig = {}): BedrockRuntimeClient {
  return new BedrockRuntimeClient({
    requestHandler: new BedrockConnections(),
    ...config,
    maxAttempts: 1,
  });
}

/** The models of Bedrock in one Region. */
export function bedrockRuntime(client: BedrockRuntimeClient): ModelRuntime {
  return {
    async call({ modelId, lane, payload, timeoutMs, ...call }) {
      const abortSignal = AbortSignal.timeout(timeoutMs);
      const body = bodyBytes(call);
      try {
        return payload.operation === 'converse'
          ? await converse(client, modelId, body, abortSignal)
          : await invokeModel(client, { modelId, lane, body }, payload.invoke_model, abortSignal);
      } catch (error) {
        throw modelErrorOf(error, timeoutMs) ?? error;
      }
    },
  };
}

async function converse(
  client: BedrockRuntimeClient,
  modelId: string,
  body: Buffer,
  abortSignal: AbortSignal,
): Promise<ModelAnswer> {
  const answer = await exchange(client, new ConverseCommand({ modelId }), body, abortSignal);
  const { text, value } = read(answer.body);
  const { stopReason, usage, metrics } = (value ?? {}) as Partial<ConverseCommandOutput>;
  return { body: text, stopReason, usage: usageOfConverse(usage), latencyMs: metrics?.latencyMs };
}

async function invokeModel(
  client: BedrockRuntimeClient,
  { modelId, lane, body }: Pick<ModelCall, 'modelId' | 'lane'> & { body: Buffer },
  { content_type, accept, requestMetadata, ...parameters }: InvokeParameters & { body?: unknown },
  abortSignal: AbortSignal,
): Promise<ModelAnswer> {
  const command = new InvokeModelCommand({
    ...parameters,
    modelId,
    body: NO_BODY,
    contentType: content_type,
    accept,
    requestMetadata: requestMetadata && JSON.stringify(requestMetadata),
  });
  const answer = await exchange(client, command, body, abortSignal);
  const { text, value } = read(answer.body);
  const facts = readAnswer(lane, value);
  return {
    body: text,
    stopReason: facts.stop_reason,
    usage: usageOfHeaders(answer.headers, countsOutput(lane)) ?? facts.usage,
    latencyMs: latencyOfHeaders(answer.headers),
  };
}

/** The real one is given to `exchange`. */
const NO_BODY = new Uint8Array();

/**
 * What is not JSON (some models answer with media) is kept as base64: no answer that was paid for is lost. Answers can have ten
 * megabytes, so each is copied and parsed once.
 */
function read({ buffer, byteOffset, byteLength }: Uint8Array): { text: string; value: unknown } {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const text = bytes.toString('utf8');
  const value = parseJson(text);
  return value === undefined
    ? { text: JSON.stringify({ base64: bytes.toString('base64') }), value }
    : { text, value };
}
