import { Readable } from 'node:stream';
import { BedrockRuntimeClient, type BedrockRuntimeClientConfig } from '@aws-sdk/client-bedrock-runtime';
import type { Connection } from '../connection.ts';
import type { BedrockCalls } from './calls.ts';

/** Never sent anywhere: the SDK signs what the smoother then takes. */
const UNUSED = { accessKeyId: 'smoother', secretAccessKey: 'unused' };

interface SdkRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

/** The SDK's own client. Where it would send HTTP, the smoother answers; all the rest is the SDK's. */
export function bedrockClient(calls: BedrockCalls, { outputs }: Connection): BedrockRuntimeClient {
  const requestHandler = {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle({ method, path, ...request }: SdkRequest, options: { abortSignal?: AbortSignal } = {}) {
      const named = Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]);
      const headers = Object.fromEntries(named);
      const { status, ...answer } = await calls.answer(
        { method, path, headers, body: textOf(request.body) },
        options.abortSignal,
      );
      const body = Readable.from([answer.body]);
      return { response: { statusCode: status, headers: answer.headers, body } };
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
    destroy() {},
  };
  return new BedrockRuntimeClient({
    region: outputs.region,
    credentials: UNUSED,
    // The smoother tries again by itself.
    maxAttempts: 1,
    requestHandler: requestHandler as unknown as BedrockRuntimeClientConfig['requestHandler'],
  });
}

function textOf(body: string | Uint8Array | undefined): string {
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : (body ?? '');
}
