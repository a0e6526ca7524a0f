import { randomUUID } from 'node:crypto';
import { Bedrock, type RunningCall } from './bedrock.ts';
import { readConverse, writeConverse } from './converse.ts';
import { BedrockError } from './errors.ts';
import { faultError } from './faults.ts';
import { readInvokeModel, writeInvokeModel } from './invoke-model.ts';
import { type Model, resolveModel } from './models.ts';
import { type SimulatorOptions, settingsOf } from './options.ts';
import { type HttpRequest, type HttpResponse, listen } from './server.ts';
import type { SimulatorStats } from './stats.ts';

export interface BedrockSimulator {
  url: string;
  port: number;
  stats(): SimulatorStats;
  /** Stops listening and cuts open connections. */
  close(): Promise<void>;
}

type Fields = Record<string, unknown>;
type Operation = 'converse' | 'invoke' | 'count-tokens';

const PATH = /^\/model\/([^/]+)\/(converse|invoke|count-tokens)$/;
const STATS_PATH = '/_simulator/stats';
/** InvokeModel's own limit on a body; Converse requests are held to the same. */
const MAX_BODY_BYTES = 25_000_000;

/**
 * Starts Bedrock's runtime API on a local port: Converse, InvokeModel and CountTokens, with quotas, errors and latencies.
 * Signatures are not checked.
 * @throws SimulatorOptionError
 */
export async function startBedrockSimulator(options: SimulatorOptions = {}): Promise<BedrockSimulator> {
  const settings = settingsOf(options);
  const bedrock = new Bedrock(settings);
  const running = new Set<NodeJS.Timeout>();

  const wait = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        running.delete(timer);
        resolve();
      }, milliseconds);
      running.add(timer);
    });

  const handle = async (request: HttpRequest, response: HttpResponse) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (request.method === 'GET' && path === STATS_PATH) return send(response, 200, bedrock.stats());
    try {
      const route = PATH.exec(path);
      if (request.method !== 'POST' || !route) {
        throw new BedrockError('UnknownOperationException', `No operation ${request.method} ${path}`);
      }
      const [, encodedId = '', operation] = route;
      await answer(response, decodeURIComponent(encodedId), operation as Operation, await readBody(request));
    } catch (error) {
      if (!(error instanceof BedrockError)) throw error;
      sendError(response, error);
    }
  };

  const answer = async (response: HttpResponse, calledAs: string, operation: Operation, body: Fields) => {
    const { model, prompt } = read(calledAs, operation, body);
    if (operation === 'count-tokens') return send(response, 200, { inputTokens: prompt.inputTokens });
    const call = bedrock.start(Date.now(), { calledAs, model, prompt, content: contentOf(body) });
    await wait(call.answer.latencyMs);
    call.end(Date.now());
    finish(response, operation, model, call);
  };

  const read = (calledAs: string, operation: Operation, body: Fields) => {
    try {
      const model = resolveModel(calledAs, settings.applicationProfiles);
      if (operation === 'count-tokens' && !model.countTokens) {
        throw new BedrockError('ValidationException', "The provided model doesn't support counting tokens.");
      }
      return { model, prompt: readPrompt(operation, body, model) };
    } catch (error) {
      if (error instanceof BedrockError) bedrock.countInvalid();
      throw error;
    }
  };

  const server = await listen(settings.host, settings.port, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      console.error(error);
      response.socket?.destroy();
    });
  });
  return {
    url: `http://${settings.host}:${server.port}`,
    port: server.port,
    stats: () => bedrock.stats(),
    close: async () => {
      for (const timer of running) clearTimeout(timer);
      await server.close();
    },
  };
}

function readPrompt(operation: Operation, body: Fields, model: Model) {
  if (operation === 'converse') return readConverse(body, model);
  if (operation === 'invoke') return readInvokeModel(body, model);
  const input = body.input as { converse?: Fields; invokeModel?: { body?: string } } | undefined;
  if (input?.converse) return readConverse(input.converse, model);
  if (typeof input?.invokeModel?.body === 'string') {
    return readInvokeModel(parse(Buffer.from(input.invokeModel.body, 'base64').toString()), model);
  }
  throw new BedrockError('ValidationException', 'input must be one of converse and invokeModel');
}

function finish(
  response: HttpResponse,
  operation: Operation,
  model: Model,
  { answer, fault }: RunningCall,
): void {
  if (fault === 'connection-reset') {
    response.socket?.destroy();
    return;
  }
  if (fault) throw faultError(fault);
  if (operation === 'converse') {
    send(response, 200, writeConverse(answer));
    return;
  }
  send(response, 200, writeInvokeModel(answer, model), {
    'x-amzn-bedrock-input-token-count': String(answer.inputTokens),
    'x-amzn-bedrock-output-token-count': String(answer.outputTokens),
    'x-amzn-bedrock-invocation-latency': String(answer.latencyMs),
  });
}

/** What identifies a request's content: all but the places where max tokens stands. */
function contentOf(body: Fields): string {
  return JSON.stringify(body, (key, value) => (MAX_TOKENS_KEYS.has(key) ? undefined : value));
}

const MAX_TOKENS_KEYS = new Set([
  'maxTokens',
  'max_tokens',
  'max_new_tokens',
  'max_gen_len',
  'maxTokenCount',
  'max_completion_tokens',
]);

async function readBody(request: HttpRequest): Promise<Fields> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (length > MAX_BODY_BYTES) {
    throw new BedrockError('ValidationException', `Request body exceeds ${MAX_BODY_BYTES} bytes`);
  }
  return parse(Buffer.concat(chunks).toString());
}

function parse(text: string): Fields {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new BedrockError(
      'ValidationException',
      'Malformed input request, please reformat your input and try again.',
    );
  }
  return body as Fields;
}

function sendError(response: HttpResponse, error: BedrockError): void {
  send(response, error.httpStatus, { message: error.message }, { 'x-amzn-errortype': error.type });
}

function send(
  response: HttpResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-amzn-requestid': randomUUID(),
    ...headers,
  });
  response.end(JSON.stringify(body));
}
