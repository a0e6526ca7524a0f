/** How an answer goes out: whole after its latency, or piece by piece while it lasts. */
import type { Writable } from 'node:stream';
import { EVENT_STREAM_TYPE, encodeChunk, encodeEvent, encodeException } from '../../wire/event-stream.ts';
import type { JsonObject } from '../../wire/json.ts';
import { cut, type HttpResponse } from '../../wire/listener.ts';
import { beginStream, sendJson } from '../../wire/message.ts';
import type { RunningCall } from './bedrock.ts';
import { FIXED_LATENCY } from './composition.ts';
import { streamConverse, writeConverse } from './converse/write.ts';
import { faultError, streamFault } from './faults.ts';
import { streamInvokeModel, writeInvokeModel } from './invoke/invoke-model.ts';
import type { BedrockRequest } from './request.ts';

type Wait = (milliseconds: number) => Promise<void>;

/** Headers of an InvokeModel request that its answer repeats. */
const ECHOED_HEADERS = ['x-amzn-bedrock-performanceconfig-latency', 'x-amzn-bedrock-service-tier'];
const GUARDRAIL_HEADER = 'x-amzn-bedrock-guardrailidentifier';

/**
 * Ends the call before its last byte goes out, so that whoever has the answer finds it in the statistics.
 * @throws BedrockError the fault of a call that fails before anything was sent
 */
export function sendAnswer(
  response: HttpResponse,
  request: BedrockRequest,
  call: RunningCall,
  wait: Wait,
): Promise<void> {
  const isStream = request.operation.endsWith('Stream');
  return isStream ? sendStream(response, request, call, wait) : sendWhole(response, request, call, wait);
}

async function sendWhole(
  response: HttpResponse,
  request: BedrockRequest,
  call: RunningCall,
  wait: Wait,
): Promise<void> {
  const { answer, fault } = call;
  await wait(answer.latencyMs);
  call.end(Date.now());
  if (fault === 'connection-reset') return cut(response);
  if (fault) throw faultError(fault);
  const { operation, model, body } = request;
  if (operation === 'Converse') return sendJson(response, 200, writeConverse(answer, body));
  sendJson(
    response,
    200,
    { ...writeInvokeModel(answer, model, body), ...guardrailAction(request) },
    {
      'x-amzn-bedrock-input-token-count': String(answer.inputTokens),
      'x-amzn-bedrock-output-token-count': String(answer.outputTokens),
      'x-amzn-bedrock-invocation-latency': String(answer.latencyMs),
      ...echoedHeaders(request),
    },
  );
}

/** The first byte comes after the part of the latency that any answer has, the rest evenly until its end. */
async function sendStream(
  response: HttpResponse,
  request: BedrockRequest,
  call: RunningCall,
  wait: Wait,
): Promise<void> {
  const { answer, fault } = call;
  const frames = framesOf(request, call);
  // A call that fails in the middle fails in the middle of its stream.
  const sent = fault ? frames.slice(0, Math.ceil(frames.length / 2)) : frames;
  await wait(answer.latencyMs * FIXED_LATENCY);
  beginStream(response, EVENT_STREAM_TYPE, {
    'x-amzn-bedrock-content-type': 'application/json',
    ...echoedHeaders(request),
  });
  const pause = (answer.latencyMs * (1 - FIXED_LATENCY)) / frames.length;
  for (const frame of sent.slice(0, -1)) {
    if (!response.destroyed) (response as Writable).write(frame);
    await wait(pause);
  }
  call.end(Date.now());
  if (fault === 'connection-reset') return cut(response);
  if (response.destroyed) return;
  (response as Writable).end(fault ? encodeException(streamFault(fault)) : sent.at(-1));
}

function framesOf({ operation, model, body }: BedrockRequest, { answer }: RunningCall): Uint8Array[] {
  return operation === 'ConverseStream'
    ? streamConverse(answer, body).map(([type, payload]) => encodeEvent(type, payload))
    : streamInvokeModel(answer, model, body).map(encodeChunk);
}

/** No guardrail is imitated: none intervenes. */
function guardrailAction({ headers }: BedrockRequest): JsonObject {
  return headers[GUARDRAIL_HEADER] === undefined ? {} : { 'amazon-bedrock-guardrailAction': 'NONE' };
}

function echoedHeaders({ headers }: BedrockRequest): Record<string, string> {
  return Object.fromEntries(
    ECHOED_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  );
}
