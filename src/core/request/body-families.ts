/**
 * InvokeModel bodies differ by the model's maker. For each family: where max tokens is written, what unset means, and
 * where an answer tells its usage and its stop reason. docs/models.md shows it as a table.
 */
export type Path = readonly string[];

export interface BodyFamily {
  name: string;
  models: RegExp;
  /** Tells the family by the body when the model's id does not (ARNs of profiles, imported and custom models). */
  recognises(body: Record<string, unknown>): boolean;
  /** Where max tokens may be. The first is where it is written; none: the model's output is not counted in tokens. */
  maxTokens: readonly Path[];
  /**
   * What unset means to InvokeModel, where that is documented: such a body stays as it is. Where it is not, or where
   * the field is required, the smoother sets it.
   */
  unset?: readonly { models: RegExp; of?: string; tokens: number | 'model maximum' }[];
  usage: { input: Path; output: Path; cacheRead?: Path; cacheWrite?: Path };
  /** Cached tokens are counted in `input` as well. */
  inputIncludesCached?: boolean;
  stopReason: readonly Path[];
  /** Answers hold media, of so many bytes each as base64 (assumed: a photograph of a megapixel); `count` says how many are asked for. */
  media?: { bytes: number; count: Path };
  /** Where it is documented; absent: {@link GUIDE}. */
  source?: string;
}

export const GUIDE = 'Bedrock user guide, inference parameters';

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

const WITHOUT_TOKENS: Pick<BodyFamily, 'maxTokens' | 'usage' | 'stopReason'> = {
  maxTokens: [],
  usage: { input: ['inputTextTokenCount'], output: ['outputTextTokenCount'] },
  stopReason: [],
};

const ANY = /^/;

/** The first family that fits is taken. */
export const BODY_FAMILIES: readonly BodyFamily[] = [
  {
    name: 'Pegasus (video to text)',
    models: /^twelvelabs\.pegasus/,
    recognises: (body) => 'inputPrompt' in body && 'mediaSource' in body,
    maxTokens: [['maxOutputTokens']],
    unset: [{ models: ANY, tokens: 'model maximum' }],
    usage: { input: ['usage', 'inputTokens'], output: ['usage', 'outputTokens'] },
    stopReason: [['finishReason']],
  },
  {
    name: 'embeddings, reranking and video',
    models:
      /^(amazon\.(titan-embed|nova-(reel|\d*-?multimodal-embed)|rerank)|cohere\.(embed|rerank)|luma\.|twelvelabs\.)/,
    recognises: (body) => 'texts' in body || 'embeddingConfig' in body,
    ...WITHOUT_TOKENS,
  },
  {
    name: 'images',
    models: /^(amazon\.(titan-image|nova-canvas)|stability\.)/,
    recognises: (body) => 'taskType' in body,
    ...WITHOUT_TOKENS,
    media: { bytes: 2_500_000, count: ['imageGenerationConfig', 'numberOfImages'] },
  },
  {
    name: 'Claude text completions',
    models: /^anthropic\.claude-(v2|instant)/,
    recognises: (body) => 'max_tokens_to_sample' in body,
    maxTokens: [['max_tokens_to_sample'], ['max_tokens']],
    usage: ANTHROPIC_USAGE,
    stopReason: [['stop_reason']],
  },
  {
    name: 'Claude messages',
    models: /^anthropic\./,
    recognises: (body) => 'anthropic_version' in body,
    maxTokens: [['max_tokens']],
    usage: ANTHROPIC_USAGE,
    stopReason: [['stop_reason']],
  },
  {
    name: 'Nova',
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
    source: 'Amazon Nova user guide, complete request schema (the default is "dynamic")',
  },
  {
    name: 'Titan Text',
    models: /^amazon\.titan-/,
    recognises: (body) => 'textGenerationConfig' in body || 'inputText' in body,
    maxTokens: [['textGenerationConfig', 'maxTokenCount']],
    unset: [{ models: ANY, tokens: 512 }],
    usage: { input: ['inputTextTokenCount'], output: ['results', '0', 'tokenCount'] },
    stopReason: [['results', '0', 'completionReason']],
  },
  {
    name: 'Llama',
    models: /^meta\./,
    recognises: (body) => 'max_gen_len' in body,
    maxTokens: [['max_gen_len']],
    unset: [{ models: ANY, tokens: 512 }],
    usage: { input: ['prompt_token_count'], output: ['generation_token_count'] },
    stopReason: [['stop_reason']],
  },
  {
    name: 'Cohere Command',
    models: /^cohere\./,
    recognises: (body) => 'chat_history' in body,
    maxTokens: [['max_tokens']],
    unset: [{ models: /^cohere\.command-(light-)?text/, of: 'Command', tokens: 20 }],
    usage: { input: ['usage', 'tokens', 'input_tokens'], output: ['usage', 'tokens', 'output_tokens'] },
    stopReason: [['finish_reason'], ['generations', '0', 'finish_reason']],
  },
  {
    name: 'Jurassic-2',
    models: /^ai21\.j2-/,
    recognises: (body) => 'maxTokens' in body && 'prompt' in body,
    maxTokens: [['maxTokens']],
    unset: [{ models: ANY, tokens: 200 }],
    usage: { input: ['usage', 'prompt_tokens'], output: ['usage', 'completion_tokens'] },
    stopReason: [['completions', '0', 'finishReason', 'reason']],
  },
  {
    name: 'Mistral text completions',
    models: /^mistral\.(mistral-7b|mixtral-8x7b|mistral-(large|small)-2402)/,
    recognises: () => false,
    maxTokens: [['max_tokens']],
    unset: [
      { models: /^mistral\.mi(stral-7b|xtral)/, of: 'Mistral 7B and Mixtral', tokens: 512 },
      { models: ANY, of: 'Mistral Large and Small', tokens: 8_192 },
    ],
    usage: CHAT_USAGE,
    stopReason: CHAT_STOP,
  },
  {
    name: 'OpenAI',
    models: /^openai\./,
    recognises: (body) => 'max_completion_tokens' in body,
    maxTokens: [['max_completion_tokens'], ['max_tokens']],
    usage: CHAT_USAGE,
    inputIncludesCached: true,
    stopReason: CHAT_STOP,
  },
  {
    name: 'chat completions of other makers',
    models: /^(ai21|deepseek|google|minimax|mistral|moonshot|moonshotai|nvidia|qwen|writer|xai|zai)\./,
    recognises: (body) => 'max_tokens' in body && ('messages' in body || 'prompt' in body),
    maxTokens: [['max_tokens'], ['max_completion_tokens']],
    unset: [{ models: /^ai21\.jamba/, of: 'Jamba', tokens: 4_096 }],
    usage: CHAT_USAGE,
    inputIncludesCached: true,
    stopReason: CHAT_STOP,
  },
];
