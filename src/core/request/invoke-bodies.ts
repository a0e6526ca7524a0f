/**
 * InvokeModel bodies differ by the model's maker. Here is what the smoother must read and write in them: max tokens
 * in the request; usage and stop reason in the answer. Source: Bedrock user guide, "Inference request parameters and
 * response fields for foundation models", November 2026.
 */
import { at, isObject, withValueAt } from './json.ts';
import { foundationModelId } from './model-id.ts';
import type { Usage } from './record.ts';

type Path = readonly string[];

interface BodyFamily {
  name: string;
  models: RegExp;
  /** Tells the family by the body when the model's id does not (ARNs of profiles, imported and custom models). */
  recognises(body: Record<string, unknown>): boolean;
  /** Where max tokens may stand. The first is where it is written; none: the model puts out no tokens. */
  maxTokens: readonly Path[];
  usage: { input: Path; output: Path; cacheRead?: Path; cacheWrite?: Path };
  /** Cached tokens are counted in `input` as well. */
  inputIncludesCached?: boolean;
  stopReason: readonly Path[];
}

const ANTHROPIC_USAGE: BodyFamily['usage'] = {
  input: ['usage', 'input_tokens'],
  output: ['usage', 'output_tokens'],
  cacheRead: ['usage', 'cache_read_input_tokens'],
  cacheWrite: ['usage', 'cache_creation_input_tokens'],
};

const CHAT_USAGE: BodyFamily['usage'] = {
  input: ['usage', 'prompt_tokens'],
  output: ['usage', 'completion_tokens'],
  cacheRead: ['usage', 'prompt_tokens_details', 'cached_tokens'],
};

const CHAT_STOP: readonly Path[] = [
  ['choices', '0', 'finish_reason'],
  ['choices', '0', 'stop_reason'],
  ['outputs', '0', 'stop_reason'],
];

/** The first family that fits is taken. */
const FAMILIES: readonly BodyFamily[] = [
  {
    name: 'embeddings and media',
    models:
      /^(amazon\.(titan-(embed|image)|nova-(canvas|reel|\d*-?multimodal-embed)|rerank)|cohere\.(embed|rerank)|stability\.|twelvelabs\.)/,
    recognises: (body) => 'texts' in body || 'embeddingConfig' in body || 'taskType' in body,
    maxTokens: [],
    usage: { input: ['inputTextTokenCount'], output: ['outputTextTokenCount'] },
    stopReason: [],
  },
  {
    name: 'anthropic text completions',
    models: /^anthropic\.claude-(v2|instant)/,
    recognises: (body) => 'max_tokens_to_sample' in body,
    maxTokens: [['max_tokens_to_sample'], ['max_tokens']],
    usage: ANTHROPIC_USAGE,
    stopReason: [['stop_reason']],
  },
  {
    name: 'anthropic',
    models: /^anthropic\./,
    recognises: (body) => 'anthropic_version' in body,
    maxTokens: [['max_tokens']],
    usage: ANTHROPIC_USAGE,
    stopReason: [['stop_reason']],
  },
  {
    name: 'nova',
    models: /^amazon\.nova-/,
    recognises: (body) => 'inferenceConfig' in body || 'schemaVersion' in body,
    maxTokens: [
      ['inferenceConfig', 'maxTokens'],
      ['inferenceConfig', 'max_new_tokens'],
    ],
    usage: {
      input: ['usage', 'inputTokens'],
      output: ['usage', 'outputTokens'],
      cacheRead: ['usage', 'cacheReadInputTokenCount'],
      cacheWrite: ['usage', 'cacheWriteInputTokenCount'],
    },
    stopReason: [['stopReason']],
  },
  {
    name: 'titan',
    models: /^amazon\.titan-/,
    recognises: (body) => 'textGenerationConfig' in body || 'inputText' in body,
    maxTokens: [['textGenerationConfig', 'maxTokenCount']],
    usage: { input: ['inputTextTokenCount'], output: ['results', '0', 'tokenCount'] },
    stopReason: [['results', '0', 'completionReason']],
  },
  {
    name: 'llama',
    models: /^meta\./,
    recognises: (body) => 'max_gen_len' in body,
    maxTokens: [['max_gen_len']],
    usage: { input: ['prompt_token_count'], output: ['generation_token_count'] },
    stopReason: [['stop_reason']],
  },
  {
    name: 'cohere',
    models: /^cohere\./,
    recognises: (body) => 'chat_history' in body,
    maxTokens: [['max_tokens']],
    usage: { input: ['usage', 'tokens', 'input_tokens'], output: ['usage', 'tokens', 'output_tokens'] },
    stopReason: [['finish_reason'], ['generations', '0', 'finish_reason']],
  },
  {
    name: 'openai',
    models: /^openai\./,
    recognises: (body) => 'max_completion_tokens' in body,
    maxTokens: [['max_completion_tokens'], ['max_tokens']],
    usage: CHAT_USAGE,
    inputIncludesCached: true,
    stopReason: CHAT_STOP,
  },
  {
    name: 'chat',
    models: /^(ai21|deepseek|google|minimax|mistral|moonshot|moonshotai|nvidia|qwen|writer|zai)\./,
    recognises: (body) => 'max_tokens' in body && ('messages' in body || 'prompt' in body),
    maxTokens: [['max_tokens']],
    usage: CHAT_USAGE,
    inputIncludesCached: true,
    stopReason: CHAT_STOP,
  },
];

function familyOf(modelId: string, body: unknown): BodyFamily | undefined {
  const model = foundationModelId(modelId);
  const byName = FAMILIES.find(({ models }) => models.test(model));
  if (byName !== undefined || !isObject(body)) return byName;
  return FAMILIES.find(({ recognises }) => recognises(body));
}

function firstNumber(body: unknown, paths: readonly Path[]): number | undefined {
  return paths.map((path) => at(body, path)).find((value) => typeof value === 'number');
}

/** The body's max tokens; 0 where the model puts out none; undefined when unset or the family is unknown. */
export function maxTokensOf(modelId: string, body: unknown): number | undefined {
  const family = familyOf(modelId, body);
  if (family?.maxTokens.length === 0) return 0;
  return firstNumber(body, family?.maxTokens ?? []);
}

/** The body with its max tokens set, where it already stands or else where the family has it. Unknown families stay. */
export function withMaxTokens(modelId: string, body: unknown, maxTokens: number): unknown {
  const paths = familyOf(modelId, body)?.maxTokens ?? [];
  const path = paths.find((candidate) => at(body, candidate) !== undefined) ?? paths[0];
  return path === undefined ? body : withValueAt(body, path, maxTokens);
}

export interface AnswerFacts {
  /** Absent when the answer does not tell both counts. */
  usage?: Usage;
  stop_reason?: string;
}

/** What an answer's body tells about itself. */
export function readAnswer(modelId: string, body: unknown): AnswerFacts {
  const family =
    familyOf(modelId, undefined) ?? FAMILIES.find(({ usage }) => at(body, usage.input) !== undefined);
  if (family === undefined) return {};
  const facts: AnswerFacts = {};
  const stopReason = family.stopReason
    .map((path) => at(body, path))
    .find((value) => typeof value === 'string');
  if (stopReason !== undefined) facts.stop_reason = stopReason;
  const usage = usageIn(family, body);
  if (usage !== undefined) facts.usage = usage;
  return facts;
}

function usageIn(family: BodyFamily, body: unknown): Usage | undefined {
  const { input, output, cacheRead, cacheWrite } = family.usage;
  const inputTokens = firstNumber(body, [input]);
  const outputTokens = firstNumber(body, [output]) ?? (family.maxTokens.length === 0 ? 0 : undefined);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  const read = cacheRead && firstNumber(body, [cacheRead]);
  const write = cacheWrite && firstNumber(body, [cacheWrite]);
  const cached = family.inputIncludesCached ? (read ?? 0) : 0;
  const usage: Usage = { input_tokens: Math.max(inputTokens - cached, 0), output_tokens: outputTokens };
  if (read !== undefined) usage.cache_read_tokens = read;
  if (write !== undefined) usage.cache_write_tokens = write;
  return usage;
}

/** How families say that an answer ended because its max tokens were used up. */
const TRUNCATIONS = new Set(['max_tokens', 'length', 'model_length']);

export function isTruncated(stopReason: string | undefined): boolean {
  return stopReason !== undefined && TRUNCATIONS.has(stopReason.toLowerCase());
}
