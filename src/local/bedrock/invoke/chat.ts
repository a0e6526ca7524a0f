/** Chat completions in OpenAI's form, which most other vendors' models take and give. */
import { encodeJson, isObject, type JsonObject, type JsonValue } from '../../../wire/json.ts';
import { type Answer, type StopReason, type Tool, textOf } from '../answer.ts';
import { malformed } from '../constraints.ts';
import type { Model } from '../models.ts';
import { piecesOf } from '../text.ts';
import { countInputTokens } from '../tokens.ts';
import { checkSchema, chooseTool, type ToolChoice } from '../tools.ts';
import { type BodyShape, tokenLimit } from './shape.ts';

const FINISH_REASONS: Record<StopReason, string> = {
  end: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
};
const ANY_OBJECT: JsonObject = { type: 'object', properties: { answer: { type: 'string' } } };

export const chat: BodyShape = {
  required: ['messages'],
  read({ messages, tools, tool_choice, response_format, max_tokens, max_completion_tokens }, model) {
    const maxTokens =
      tokenLimit(max_completion_tokens, 'max_completion_tokens', model) ??
      tokenLimit(max_tokens, 'max_tokens', model);
    return {
      inputTokens: countInputTokens({ messages, tools }),
      maxTokens,
      tool: chooseTool(toolsOf(tools), choiceOf(tool_choice), messages),
      schema: schemaOf(response_format),
    };
  },
  write: (answer, model) => ({
    ...envelope(answer, model, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: textOf(answer) || null, ...toolCalls(answer) },
        finish_reason: FINISH_REASONS[answer.stop],
      },
    ],
    usage: usageOf(answer),
  }),
  stream: (answer, model) => {
    const part = (delta: JsonObject, finish_reason: string | null = null): JsonObject => ({
      ...envelope(answer, model, 'chat.completion.chunk'),
      choices: [{ index: 0, delta, finish_reason }],
    });
    return [
      part({ role: 'assistant', content: '' }),
      ...piecesOf(textOf(answer)).map((content) => part({ content })),
      ...(answer.stop === 'tool_use' ? [part(toolCalls(answer))] : []),
      { ...part({}, FINISH_REASONS[answer.stop]), usage: usageOf(answer) },
    ];
  },
};

/** Mistral's chat models also say `stop_reason` where others have `finish_reason`. */
export const mistralChat: BodyShape = {
  ...chat,
  write(answer, model, body) {
    const written = chat.write(answer, model, body);
    const [choice] = written.choices as JsonObject[];
    return { ...written, choices: [{ ...choice, stop_reason: FINISH_REASONS[answer.stop] }] };
  },
};

function envelope({ id }: Answer, model: Model, object: string): JsonObject {
  return { id: `chatcmpl-${id}`, object, created: 0, model: model.id };
}

function usageOf({ inputTokens, outputTokens }: Answer): JsonObject {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  };
}

function toolCalls({ blocks }: Answer): JsonObject {
  const calls = blocks.flatMap((block, index) =>
    block.kind === 'toolUse'
      ? {
          index,
          id: `call_${block.id}`,
          type: 'function',
          function: { name: block.name, arguments: encodeJson(block.input) },
        }
      : [],
  );
  return calls.length === 0 ? {} : { tool_calls: calls };
}

function toolsOf(tools: JsonValue): Tool[] {
  if (tools === undefined || tools === null) return [];
  if (!Array.isArray(tools)) return malformed('#/tools: expected type: JSONArray');
  return tools
    .map((tool) => (isObject(tool) ? tool.function : undefined))
    .filter(isObject)
    .map(({ name, parameters }) => ({
      name: String(name),
      schema: isObject(parameters) ? parameters : { type: 'object' },
    }));
}

function choiceOf(choice: JsonValue): ToolChoice {
  if (choice === 'none') return 'none';
  if (choice === 'required' || choice === 'any') return 'any';
  const named = isObject(choice) ? choice.function : undefined;
  return isObject(named) ? { name: String(named.name) } : 'auto';
}

function schemaOf(format: JsonValue): JsonObject | undefined {
  if (!isObject(format)) return undefined;
  if (format.type === 'json_object') return ANY_OBJECT;
  if (format.type !== 'json_schema') return undefined;
  const schema = isObject(format.json_schema) ? format.json_schema.schema : undefined;
  if (!isObject(schema)) return malformed('#/response_format/json_schema: required key [schema] not found');
  return checkSchema(schema);
}
