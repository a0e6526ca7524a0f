import type { Answer, Prompt } from './answer.ts';
import { checkMaxTokens } from './converse.ts';
import { BedrockError } from './errors.ts';
import type { Family, Model } from './models.ts';
import { countInputTokens } from './tokens.ts';

type Fields = Record<string, unknown>;

/** One family's own request and response bodies (Bedrock user guide, "Inference request parameters and responses"). */
interface BodyShape {
  required: readonly string[];
  read(body: Fields): Prompt;
  write(answer: Answer, model: Model): Fields;
}

const SHAPES: Record<Family, BodyShape> = {
  anthropic: {
    required: ['anthropic_version', 'max_tokens', 'messages'],
    read: ({ messages, system, tools, max_tokens }) => ({
      inputTokens: countInputTokens({ messages, system, tools }),
      maxTokens: whole(max_tokens, 'max_tokens'),
    }),
    write: (answer, model) => ({
      id: `msg_bdrk_${answer.id}`,
      type: 'message',
      role: 'assistant',
      model: model.id.replace(/^anthropic\.|-v\d+(:\d+)?$/g, ''),
      content: [{ type: 'text', text: answer.text }],
      stop_reason: answer.truncated ? 'max_tokens' : 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: answer.inputTokens, output_tokens: answer.outputTokens },
    }),
  },
  nova: {
    required: ['messages'],
    read: ({ messages, system, toolConfig, inferenceConfig }) => {
      const { maxTokens, max_new_tokens } = (inferenceConfig ?? {}) as Fields;
      return {
        inputTokens: countInputTokens({ messages, system, tools: toolConfig }),
        maxTokens: whole(maxTokens ?? max_new_tokens, 'inferenceConfig/maxTokens'),
      };
    },
    write: ({ text, truncated, inputTokens, outputTokens }) => ({
      output: { message: { content: [{ text }], role: 'assistant' } },
      stopReason: truncated ? 'max_tokens' : 'end_turn',
      usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens },
    }),
  },
  titan: {
    required: ['inputText'],
    read: ({ inputText, textGenerationConfig }) => ({
      inputTokens: countInputTokens({ prompt: String(inputText) }),
      maxTokens: whole(
        (textGenerationConfig as Fields | undefined)?.maxTokenCount,
        'textGenerationConfig/maxTokenCount',
      ),
    }),
    write: ({ text, truncated, inputTokens, outputTokens }) => ({
      inputTextTokenCount: inputTokens,
      results: [
        { tokenCount: outputTokens, outputText: text, completionReason: truncated ? 'LENGTH' : 'FINISH' },
      ],
    }),
  },
  llama: {
    required: ['prompt'],
    read: ({ prompt, max_gen_len }) => ({
      inputTokens: countInputTokens({ prompt: String(prompt) }),
      maxTokens: whole(max_gen_len, 'max_gen_len'),
    }),
    write: ({ text, truncated, inputTokens, outputTokens }) => ({
      generation: text,
      prompt_token_count: inputTokens,
      generation_token_count: outputTokens,
      stop_reason: truncated ? 'length' : 'stop',
    }),
  },
  mistral: {
    required: ['prompt'],
    read: ({ prompt, max_tokens }) => ({
      inputTokens: countInputTokens({ prompt: String(prompt) }),
      maxTokens: whole(max_tokens, 'max_tokens'),
    }),
    write: ({ text, truncated }) => ({ outputs: [{ text, stop_reason: truncated ? 'length' : 'stop' }] }),
  },
  chat: {
    required: ['messages'],
    read: ({ messages, tools, max_tokens, max_completion_tokens }) => ({
      inputTokens: countInputTokens({ messages, tools }),
      maxTokens: whole(max_completion_tokens ?? max_tokens, 'max_completion_tokens'),
    }),
    write: ({ id, text, truncated, inputTokens, outputTokens }, model) => ({
      id: `chatcmpl-${id}`,
      object: 'chat.completion',
      model: model.id,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: text },
          finish_reason: truncated ? 'length' : 'stop',
        },
      ],
      usage: {
        prompt_tokens: inputTokens,
        completion_tokens: outputTokens,
        total_tokens: inputTokens + outputTokens,
      },
    }),
  },
};

/**
 * Reads an InvokeModel body in the shape of the model's family.
 * @throws BedrockError ValidationException, naming the key.
 */
export function readInvokeModel(body: Fields, model: Model): Prompt {
  const shape = SHAPES[model.family];
  const missing = shape.required.find((key) => body[key] === undefined);
  if (missing !== undefined) malformed(`#: required key [${missing}] not found`);
  if ('messages' in body && (!Array.isArray(body.messages) || body.messages.length === 0)) {
    malformed('#/messages: expected minimum item count: 1, found: 0');
  }
  const prompt = shape.read(body);
  checkMaxTokens(prompt.maxTokens, model);
  return prompt;
}

export function writeInvokeModel(answer: Answer, model: Model): Fields {
  return SHAPES[model.family].write(answer, model);
}

function whole(value: unknown, at: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
    malformed(`#/${at}: ${JSON.stringify(value)} is not greater or equal to 1`);
  }
  return value;
}

function malformed(detail: string): never {
  throw new BedrockError(
    'ValidationException',
    `Malformed input request: ${detail}, please reformat your input and try again.`,
  );
}
