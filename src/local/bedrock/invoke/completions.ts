/** Models that continue one text: Titan Text, Llama, Mistral's older ones, DeepSeek, Cohere Command, Pegasus. */
import { isObject, type JsonObject } from '../../../wire/json.ts';
import { type Answer, textOf } from '../answer.ts';
import { piecesOf } from '../text.ts';
import { countInputTokens } from '../tokens.ts';
import { checkSchema } from '../tools.ts';
import { type BodyShape, limited, tokenLimit } from './shape.ts';

const isCut = ({ stop }: Answer) => stop === 'max_tokens';

/** Each piece of the text as a part, and a last part that says why it ended. */
function parts(answer: Answer, piece: (text: string) => JsonObject, last: JsonObject): JsonObject[] {
  return [...piecesOf(textOf(answer)).map(piece), last];
}

export const titan: BodyShape = {
  required: ['inputText'],
  read({ inputText, textGenerationConfig }, model) {
    const config = isObject(textGenerationConfig) ? textGenerationConfig : {};
    const maxTokens = tokenLimit(config.maxTokenCount, 'textGenerationConfig/maxTokenCount', model);
    return limited(countInputTokens({ prompt: String(inputText) }), maxTokens, model);
  },
  write: (answer) => ({
    inputTextTokenCount: answer.inputTokens,
    results: [
      {
        tokenCount: answer.outputTokens,
        outputText: textOf(answer),
        completionReason: isCut(answer) ? 'LENGTH' : 'FINISH',
      },
    ],
  }),
  stream: (answer) => {
    const part = (outputText: string, completionReason: string | null, total: number | null) => ({
      outputText,
      index: 0,
      totalOutputTextTokenCount: total,
      completionReason,
      inputTextTokenCount: answer.inputTokens,
    });
    const reason = isCut(answer) ? 'LENGTH' : 'FINISH';
    return parts(answer, (text) => part(text, null, null), part('', reason, answer.outputTokens));
  },
};

export const llama: BodyShape = {
  required: ['prompt'],
  read: ({ prompt, max_gen_len, images }, model) =>
    limited(
      countInputTokens({ prompt: String(prompt), media: images }),
      tokenLimit(max_gen_len, 'max_gen_len', model),
      model,
    ),
  write: (answer) => ({
    generation: textOf(answer),
    prompt_token_count: answer.inputTokens,
    generation_token_count: answer.outputTokens,
    stop_reason: isCut(answer) ? 'length' : 'stop',
  }),
  stream: (answer) => {
    const part = (generation: string, stop_reason: string | null) => ({
      generation,
      prompt_token_count: stop_reason === null ? null : answer.inputTokens,
      generation_token_count: answer.outputTokens,
      stop_reason,
    });
    return parts(answer, (text) => part(text, null), part('', isCut(answer) ? 'length' : 'stop'));
  },
};

export const mistralText: BodyShape = {
  required: ['prompt'],
  read: ({ prompt, max_tokens }, model) =>
    limited(countInputTokens({ prompt: String(prompt) }), tokenLimit(max_tokens, 'max_tokens', model), model),
  write: (answer) => ({
    outputs: [{ text: textOf(answer), stop_reason: isCut(answer) ? 'length' : 'stop' }],
  }),
  stream: (answer) => {
    const part = (text: string, stop_reason: string | null) => ({ outputs: [{ text, stop_reason }] });
    return parts(answer, (text) => part(text, null), part('', isCut(answer) ? 'length' : 'stop'));
  },
};

export const deepseekText: BodyShape = {
  ...mistralText,
  write: (answer) => ({
    choices: [{ text: textOf(answer), stop_reason: isCut(answer) ? 'length' : 'stop' }],
  }),
  stream: (answer) => {
    const part = (text: string, stop_reason: string | null) => ({ choices: [{ text, stop_reason }] });
    return parts(answer, (text) => part(text, null), part('', isCut(answer) ? 'length' : 'stop'));
  },
};

export const cohereText: BodyShape = {
  ...mistralText,
  write: (answer, _model, { prompt }) => ({
    id: answer.id,
    prompt,
    generations: [
      { id: answer.id, text: textOf(answer), finish_reason: isCut(answer) ? 'MAX_TOKENS' : 'COMPLETE' },
    ],
  }),
  stream: (answer) =>
    parts(answer, (text) => ({ text, is_finished: false }), {
      is_finished: true,
      finish_reason: isCut(answer) ? 'MAX_TOKENS' : 'COMPLETE',
    }),
};

export const cohereChat: BodyShape = {
  required: ['message'],
  read: ({ message, chat_history, preamble, documents, tools, max_tokens }, model) =>
    limited(
      countInputTokens({
        prompt: String(message),
        messages: chat_history,
        system: [preamble, documents],
        tools,
      }),
      tokenLimit(max_tokens, 'max_tokens', model),
      model,
    ),
  write: (answer, _model, { message, chat_history }) => ({
    response_id: answer.id,
    generation_id: answer.id,
    text: textOf(answer),
    finish_reason: isCut(answer) ? 'MAX_TOKENS' : 'COMPLETE',
    chat_history: [
      ...(Array.isArray(chat_history) ? chat_history : []),
      { role: 'USER', message },
      { role: 'CHATBOT', message: textOf(answer) },
    ],
  }),
  stream: (answer) =>
    parts(answer, (text) => ({ event_type: 'text-generation', is_finished: false, text }), {
      event_type: 'stream-end',
      is_finished: true,
      finish_reason: isCut(answer) ? 'MAX_TOKENS' : 'COMPLETE',
    }),
};

/** Pegasus reads a video; its stream is not documented well enough to imitate. */
export const pegasus: BodyShape = {
  required: ['inputPrompt', 'mediaSource'],
  read({ inputPrompt, mediaSource, maxOutputTokens, responseFormat }, model) {
    const schema = isObject(responseFormat) ? responseFormat.jsonSchema : undefined;
    return {
      ...limited(
        countInputTokens({ prompt: String(inputPrompt), media: mediaSource }),
        tokenLimit(maxOutputTokens, 'maxOutputTokens', model),
        model,
      ),
      ...(isObject(schema) && { schema: checkSchema(schema) }),
    };
  },
  write: (answer) => ({ message: textOf(answer), finishReason: isCut(answer) ? 'length' : 'stop' }),
};
