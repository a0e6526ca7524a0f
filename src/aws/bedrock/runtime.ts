import {
  BedrockRuntimeClient,
  type BedrockRuntimeClientConfig,
  ConverseCommand,
  type ConverseCommandInput,
  InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { ModelAnswer, ModelCall, ModelRuntime } from '../../core/invocation/ports.ts';
import { readAnswer } from '../../core/request/invoke-bodies.ts';
import { decodeBinaries, encodeBinaries } from './binary.ts';
import { modelErrorOf } from './errors.ts';
import { type Headers, latencyOfHeaders, usageOfConverse, usageOfHeaders } from './usage.ts';

const CONNECTION_TIMEOUT_MS = 3_000;

/**
 * A client that tries once: each try spends quota, so the release engine decides about another one.
 * HTTP/1.1 and not the SDK's HTTP/2: a worker's few concurrent calls get a connection each, kept alive, so one that
 * stalls or is reset takes no other call with it.
 */
export function bedrockClient(config: BedrockRuntimeClientConfig = {}): BedrockRuntimeClient {
  return new BedrockRuntimeClient({
    requestHandler: new NodeHttpHandler({ connectionTimeout: CONNECTION_TIMEOUT_MS }),
    ...config,
    maxAttempts: 1,
  });
}

/** The models of Bedrock in one Region. */
export function bedrockRuntime(client: BedrockRuntimeClient): ModelRuntime {
  return {
    async call({ modelId, lane, payload, timeoutMs }) {
      const abortSignal = AbortSignal.timeout(timeoutMs);
      try {
        return payload.operation === 'converse'
          ? await converse(client, modelId, payload.converse, abortSignal)
          : await invokeModel(client, { modelId, lane }, payload.invoke_model, abortSignal);
      } catch (error) {
        throw modelErrorOf(error, timeoutMs) ?? error;
      }
    },
  };
}

async function converse(
  client: BedrockRuntimeClient,
  modelId: string,
  request: object,
  abortSignal: AbortSignal,
): Promise<ModelAnswer> {
  const input = { ...(decodeBinaries(request) as object), modelId } as ConverseCommandInput;
  const { $metadata: _, ...answer } = await client.send(new ConverseCommand(input), { abortSignal });
  return {
    output: encodeBinaries(answer),
    stopReason: answer.stopReason,
    usage: usageOfConverse(answer.usage),
    latencyMs: answer.metrics?.latencyMs,
  };
}

async function invokeModel(
  client: BedrockRuntimeClient,
  { modelId, lane }: Pick<ModelCall, 'modelId' | 'lane'>,
  request: { body: unknown; content_type: string; accept: string },
  abortSignal: AbortSignal,
): Promise<ModelAnswer> {
  const command = new InvokeModelCommand({
    modelId,
    body: Buffer.from(JSON.stringify(request.body)),
    contentType: request.content_type,
    accept: request.accept,
  });
  // The SDK does not hand out the headers in which Bedrock counts tokens and time.
  let headers: Headers = {};
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      headers = (result.response as { headers: Headers }).headers;
      return result;
    },
    { step: 'deserialize', name: 'bedrockCounts' },
  );
  const { body } = await client.send(command, { abortSignal });
  const output = parseBody(body ?? new Uint8Array());
  const facts = readAnswer(lane, output);
  return {
    output,
    stopReason: facts.stop_reason,
    usage: usageOfHeaders(headers) ?? facts.usage,
    latencyMs: latencyOfHeaders(headers),
  };
}

/** What is not JSON (some models answer with media) is kept as base64: no answer that was paid for is lost. */
function parseBody(body: Uint8Array): unknown {
  const bytes = Buffer.from(body);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return { base64: bytes.toString('base64') };
  }
}
