/** What a call asks for, checked as Bedrock checks it. */
import type { IncomingHttpHeaders } from 'node:http';
import { stringify } from 'lossless-json';
import { BedrockError } from '../../wire/errors.ts';
import { isObject, type JsonObject } from '../../wire/json.ts';
import { parseBody } from '../../wire/message.ts';
import { type BedrockOperation, documentationOf, type OperationName } from '../../wire/operations.ts';
import type { Prompt } from './answer.ts';
import { refuse } from './constraints.ts';
import { readConverse } from './converse/read.ts';
import { checkStream, readInvokeModel } from './invoke/invoke-model.ts';
import { type Account, checkThroughput, type Model, resolveModel } from './models.ts';

export interface BedrockRequest {
  operation: OperationName;
  calledAs: string;
  model: Model;
  prompt: Prompt;
  body: JsonObject;
  headers: IncomingHttpHeaders;
  /** Identifies the request, but for the places where max tokens is set. */
  content: string;
}

const IMITATED: readonly OperationName[] = [
  'Converse',
  'ConverseStream',
  'InvokeModel',
  'InvokeModelWithResponseStream',
  'CountTokens',
];

const MAX_TOKENS_KEYS = new Set([
  'maxTokens',
  'maxOutputTokens',
  'max_tokens',
  'max_new_tokens',
  'max_gen_len',
  'maxTokenCount',
  'max_completion_tokens',
]);

/** @throws BedrockError 501 for an operation that the simulator knows by name only */
export function checkImitated({ name }: BedrockOperation): void {
  if (IMITATED.includes(name)) return;
  throw new BedrockError(
    'NotImplementedException',
    `The simulator does not imitate ${name}. See ${documentationOf(name)}`,
  );
}

/** @throws BedrockError naming what Bedrock would not take */
export function readRequest(
  { name, modelId: calledAs }: BedrockOperation,
  body: JsonObject,
  headers: IncomingHttpHeaders,
  account: Account,
): BedrockRequest {
  const model = resolveModel(calledAs, account);
  const prompt = readPrompt(name, body, model, calledAs);
  return { operation: name, calledAs, model, prompt, body, headers, content: contentOf(body) };
}

function readPrompt(operation: OperationName, body: JsonObject, model: Model, calledAs: string): Prompt {
  if (operation === 'CountTokens') return readCountTokens(body, model);
  checkThroughput(model);
  if (operation === 'InvokeModelWithResponseStream') checkStream(model, body);
  return operation.startsWith('Converse')
    ? readConverse(body, model, calledAs)
    : readInvokeModel(body, model);
}

function readCountTokens({ input }: JsonObject, model: Model): Prompt {
  if (!model.countTokens) refuse("The provided model doesn't support counting tokens.");
  const { converse, invokeModel } = isObject(input) ? input : {};
  if (isObject(converse)) return readConverse(converse, model);
  if (isObject(invokeModel) && typeof invokeModel.body === 'string') {
    return readInvokeModel(parseBody(Buffer.from(invokeModel.body, 'base64').toString()), model);
  }
  return refuse('input must be one of converse and invokeModel');
}

function contentOf(body: JsonObject): string {
  return stringify(body, (key, value) => (MAX_TOKENS_KEYS.has(key) ? undefined : value)) ?? '';
}
