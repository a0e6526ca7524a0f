import type { Answer, Prompt } from './answer.ts';
import { BedrockError } from './errors.ts';
import type { Model } from './models.ts';
import { countInputTokens } from './tokens.ts';

type Fields = Record<string, unknown>;

const ROLES = ['user', 'assistant', 'system'];
const SERVICE_TIERS = ['priority', 'default', 'flex', 'reserved'];
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const CONTENT_BLOCKS = [
  'text',
  'image',
  'document',
  'video',
  'audio',
  'toolUse',
  'toolResult',
  'guardContent',
  'cachePoint',
  'reasoningContent',
  'citationsContent',
  'searchResult',
];

/**
 * Reads a Converse body, checking what Bedrock checks.
 * @throws BedrockError ValidationException, naming the field.
 */
export function readConverse(body: Fields, model: Model): Prompt {
  checkMessages(body.messages);
  checkInference(fields(body.inferenceConfig, 'inferenceConfig') ?? {});
  checkTools(fields(body.toolConfig, 'toolConfig'));
  const metadata = fields(body.requestMetadata, 'requestMetadata');
  if (metadata) range(Object.keys(metadata).length, 'requestMetadata', 1, 16, 'length');
  const paths = body.additionalModelResponseFieldPaths;
  if (Array.isArray(paths)) range(paths.length, 'additionalModelResponseFieldPaths', 0, 10, 'length');
  const tier = fields(body.serviceTier, 'serviceTier');
  if (tier && !SERVICE_TIERS.includes(String(tier.type))) {
    invalid('serviceTier.type', `enum value set: [${SERVICE_TIERS.join(', ')}]`, tier.type);
  }
  const maxTokens = (body.inferenceConfig as Fields | undefined)?.maxTokens as number | undefined;
  checkMaxTokens(maxTokens, model);
  return {
    inputTokens: countInputTokens({ messages: body.messages, system: body.system, tools: body.toolConfig }),
    maxTokens,
  };
}

export function writeConverse(answer: Answer): Fields {
  const { inputTokens, outputTokens, latencyMs } = answer;
  return {
    output: { message: { role: 'assistant', content: [{ text: answer.text }] } },
    stopReason: answer.truncated ? 'max_tokens' : 'end_turn',
    usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens },
    metrics: { latencyMs },
  };
}

export function checkMaxTokens(maxTokens: number | undefined, model: Model): void {
  if (maxTokens !== undefined && maxTokens > model.maxOutputTokens) {
    throw new BedrockError(
      'ValidationException',
      `The maximum tokens you requested exceeds the model limit of ${model.maxOutputTokens}. Try again with a maximum tokens value that is lower than ${model.maxOutputTokens}.`,
    );
  }
}

function checkMessages(messages: unknown): void {
  if (!Array.isArray(messages) || messages.length === 0) invalid('messages', 'at least 1 message', messages);
  for (const [index, message] of (messages as unknown[]).entries()) {
    const at = `messages.${index + 1}.member`;
    const { role, content } = fields(message, at) ?? {};
    if (!ROLES.includes(String(role))) invalid(`${at}.role`, `enum value set: [${ROLES.join(', ')}]`, role);
    if (!Array.isArray(content)) invalid(`${at}.content`, 'a list of content blocks', content);
    for (const [place, block] of (content as unknown[]).entries()) {
      const kinds = Object.keys(fields(block, `${at}.content.${place + 1}.member`) ?? {});
      const [kind = ''] = kinds;
      if (kinds.length !== 1 || !CONTENT_BLOCKS.includes(kind)) {
        invalid(`${at}.content.${place + 1}.member`, `exactly one of [${CONTENT_BLOCKS.join(', ')}]`, kinds);
      }
    }
  }
  if ((messages as Fields[])[0]?.role === 'assistant') {
    throw new BedrockError(
      'ValidationException',
      'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
    );
  }
}

function checkInference(config: Fields): void {
  range(config.maxTokens, 'inferenceConfig.maxTokens', 1, Number.MAX_SAFE_INTEGER, 'integer');
  range(config.temperature, 'inferenceConfig.temperature', 0, 1);
  range(config.topP, 'inferenceConfig.topP', 0, 1);
  if (config.stopSequences !== undefined) {
    if (!Array.isArray(config.stopSequences)) {
      invalid('inferenceConfig.stopSequences', 'a list of strings', config.stopSequences);
    }
    range((config.stopSequences as unknown[]).length, 'inferenceConfig.stopSequences', 0, 2_500, 'length');
  }
}

function checkTools(config: Fields | undefined): void {
  if (!config) return;
  if (!Array.isArray(config.tools) || config.tools.length === 0) {
    invalid('toolConfig.tools', 'at least 1 tool', config.tools);
  }
  for (const [index, tool] of (config.tools as Fields[]).entries()) {
    if (tool.toolSpec === undefined) continue;
    const name = (tool.toolSpec as Fields).name;
    if (typeof name !== 'string' || !TOOL_NAME.test(name)) {
      invalid(
        `toolConfig.tools.${index + 1}.member.toolSpec.name`,
        `regular expression pattern: ${TOOL_NAME.source}`,
        name,
      );
    }
  }
}

function fields(value: unknown, at: string): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) invalid(at, 'an object', value);
  return value as Fields;
}

function range(value: unknown, at: string, low: number, high: number, kind?: 'integer' | 'length'): void {
  if (value === undefined || value === null) return;
  if (
    typeof value !== 'number' ||
    value < low ||
    value > high ||
    (kind === 'integer' && !Number.isInteger(value))
  ) {
    const what =
      kind === 'length' ? 'length between' : kind === 'integer' ? 'integer value between' : 'value between';
    invalid(at, `${what} ${low} and ${high}`, value);
  }
}

function invalid(at: string, constraint: string, value: unknown): never {
  const shown = JSON.stringify(value)?.slice(0, 100) ?? 'null';
  throw new BedrockError(
    'ValidationException',
    `1 validation error detected: Value '${shown}' at '${at}' failed to satisfy constraint: Member must satisfy ${constraint}`,
  );
}
