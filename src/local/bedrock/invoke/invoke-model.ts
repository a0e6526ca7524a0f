/** InvokeModel: bodies in the form of the model's family. */
import { BedrockError } from '../../../wire/errors.ts';
import type { JsonObject } from '../../../wire/json.ts';
import { documentationOf } from '../../../wire/operations.ts';
import type { Answer, Prompt } from '../answer.ts';
import { malformed, refuse } from '../constraints.ts';
import type { Family, Model } from '../models.ts';
import { anthropic } from './anthropic.ts';
import { chat, mistralChat } from './chat.ts';
import { cohereChat, cohereText, deepseekText, llama, mistralText, pegasus, titan } from './completions.ts';
import { cohereEmbed, marengo, novaEmbed, titanEmbed } from './embeddings.ts';
import { image, stability, video } from './images.ts';
import { nova } from './nova.ts';
import { rerank } from './rerank.ts';
import type { BodyShape } from './shape.ts';

/** Some families take two forms: messages, or one prompt. */
const SHAPES: Record<Family, BodyShape | ((body: JsonObject) => BodyShape)> = {
  any: guessed,
  anthropic,
  chat,
  'cohere-chat': cohereChat,
  'cohere-embed': cohereEmbed,
  'cohere-text': cohereText,
  deepseek: ({ prompt }) => (prompt === undefined ? chat : deepseekText),
  image,
  llama,
  marengo,
  mistral: ({ prompt }) => (prompt === undefined ? mistralChat : mistralText),
  nova,
  'nova-embed': novaEmbed,
  pegasus,
  rerank,
  stability,
  titan,
  'titan-embed': titanEmbed,
  video,
};

/** @throws BedrockError ValidationException, naming the key */
export function readInvokeModel(body: JsonObject, model: Model): Prompt {
  const shape = shapeOf(model, body);
  const missing = shape.required.find((key) => body[key] === undefined);
  if (missing !== undefined) malformed(`#: required key [${missing}] not found`);
  if ('messages' in body && (!Array.isArray(body.messages) || body.messages.length === 0)) {
    malformed('#/messages: expected minimum item count: 1, found: 0');
  }
  return shape.read(body, model);
}

export function writeInvokeModel(answer: Answer, model: Model, body: JsonObject): JsonObject {
  return shapeOf(model, body).write(answer, model, body);
}

/** @throws BedrockError for a model that does not stream, or whose stream is not imitated */
export function checkStream(model: Model, body: JsonObject): void {
  if (!model.text) refuse('The model is unsupported for streaming.');
  if (shapeOf(model, body).stream) return;
  throw new BedrockError(
    'NotImplementedException',
    `The simulator does not imitate how ${model.id} streams. See ${documentationOf('InvokeModelWithResponseStream')}`,
  );
}

/** The parts of a stream; the last one tells what the call took. */
export function streamInvokeModel(answer: Answer, model: Model, body: JsonObject): JsonObject[] {
  const parts = shapeOf(model, body).stream?.(answer, model) ?? [];
  const metrics = {
    inputTokenCount: answer.inputTokens,
    outputTokenCount: answer.outputTokens,
    invocationLatency: answer.latencyMs,
    firstByteLatency: Math.round(answer.latencyMs / 2),
  };
  return parts.map((part, index) =>
    index === parts.length - 1 ? { ...part, 'amazon-bedrock-invocationMetrics': metrics } : part,
  );
}

/** Of a model whose family only its account knows, by what the body has. */
function guessed(body: JsonObject): BodyShape {
  if ('anthropic_version' in body) return anthropic;
  if ('inputText' in body) return titan;
  if ('message' in body) return cohereChat;
  if ('prompt' in body) return 'max_gen_len' in body ? llama : mistralText;
  return chat;
}

function shapeOf({ family }: Model, body: JsonObject): BodyShape {
  const shape = SHAPES[family];
  return typeof shape === 'function' ? shape(body) : shape;
}
