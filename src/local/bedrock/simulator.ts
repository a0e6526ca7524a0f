import { setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { BedrockError } from '../../wire/errors.ts';
import type { JsonObject } from '../../wire/json.ts';
import { type HttpRequest, type HttpResponse, listen } from '../../wire/listener.ts';
import { readBody, sendError, sendJson } from '../../wire/message.ts';
import { type BedrockOperation, operationOf } from '../../wire/operations.ts';
import { Bedrock } from './bedrock.ts';
import { type SimulatorOptions, settingsOf } from './options.ts';
import { type BedrockRequest, checkImitated, readRequest } from './request.ts';
import { sendAnswer } from './response.ts';
import type { SimulatorStats } from './stats.ts';

export interface BedrockSimulator {
  url: string;
  port: number;
  stats(): SimulatorStats;
  /** Stops listening and cuts open connections. */
  close(): Promise<void>;
}

const STATS_PATH = '/_simulator/stats';

/**
 * Starts Bedrock's runtime API on a local port: Converse, InvokeModel, their streams and CountTokens, with quotas, errors
 * and latencies. Signatures are not checked.
 * @throws SimulatorOptionError
 */
export async function startBedrockSimulator(options: SimulatorOptions = {}): Promise<BedrockSimulator> {
  const settings = settingsOf(options);
  const bedrock = new Bedrock(settings);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const wait = (milliseconds: number) => setTimeout(milliseconds, undefined, { signal: closing.signal });

  const handle = async (request: HttpRequest, response: HttpResponse) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (request.method === 'GET' && path === STATS_PATH) return sendJson(response, 200, bedrock.stats());
    try {
      const operation = operationOf(request.method, path);
      if (!operation) {
        throw new BedrockError('UnknownOperationException', `No operation ${request.method} ${path}`);
      }
      checkImitated(operation);
      const asked = read(operation, await readBody(request), request);
      if (operation.name === 'CountTokens') {
        return sendJson(response, 200, { inputTokens: asked.prompt.inputTokens });
      }
      await sendAnswer(response, asked, bedrock.start(Date.now(), asked), wait);
    } catch (error) {
      if (!(error instanceof BedrockError)) throw error;
      sendError(response, error);
    }
  };

  const read = (operation: BedrockOperation, body: JsonObject, request: HttpRequest): BedrockRequest => {
    try {
      return readRequest(operation, body, request.headers, settings);
    } catch (error) {
      if (error instanceof BedrockError) bedrock.countInvalid();
      throw error;
    }
  };

  const server = await listen(settings, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!closing.signal.aborted) console.error(error);
      response.socket?.destroy();
    });
  });
  return {
    url: server.url,
    port: server.port,
    stats: () => bedrock.stats(),
    close: () => {
      closing.abort();
      return server.close();
    },
  };
}
