/** Anthropic's Messages API, as Claude models take and give it. */
import { encodeJson, isObject, type JsonObject, type JsonValue } from '../../../wire/json.ts';
import type { Answer, Block, StopReason, Tool } from '../answer.ts';
import { malformed, refuse } from '../constraints.ts';
import type { Model } from '../models.ts';
import { checkAnthropic, isThinking } from '../reasoning.ts';
import { piecesOf } from '../text.ts';
import { countInputTokens } from '../tokens.ts';
import { checkSchema, chooseTool, type ToolChoice } from '../tools.ts';
import type { BodyShape } from './shape.ts';

const STOP_REASONS: Record<StopReason, string> = {
  end: 'end_turn',
  max_tokens: 'max_tokens',
  tool_use: 'tool_use',
};

export const anthropic: BodyShape = {
  required: ['anthropic_version', 'max_tokens', 'messages'],
  read(body, model) {
    const { messages, system, tools, max_tokens: maxTokens, temperature, top_p: topP } = body;
    if (typeof maxTokens !== 'number' || !Number.isInteger(maxTokens)) {
      return refuse('max_tokens: Input should be a valid integer');
    }
    if (maxTokens < 1) refuse('max_tokens: Input should be greater than or equal to 1');
    if (maxTokens > model.maxOutputTokens) {
      refuse(
        `max_tokens: ${maxTokens} > ${model.maxOutputTokens}, which is the maximum allowed number of output tokens for ${nameOf(model)}`,
      );
    }
    for (const [index, message] of (messages as JsonValue[]).entries()) checkMessage(message, index);
    checkAnthropic(body, { maxTokens, temperature, topP }, model, refuse);
    return {
      inputTokens: countInputTokens({ messages, system, tools }),
      maxTokens,
      tool: chooseTool(toolsOf(tools), choiceOf(body.tool_choice), messages),
      schema: schemaOf(body),
      thinks: isThinking(body),
    };
  },
  write: (answer, model) => ({
    ...envelope(answer, model),
    content: answer.blocks.map(contentOf),
    stop_reason: STOP_REASONS[answer.stop],
    stop_sequence: null,
    usage: { input_tokens: answer.inputTokens, output_tokens: answer.outputTokens },
  }),
  stream: (answer, model) => [
    {
      type: 'message_start',
      message: {
        ...envelope(answer, model),
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: answer.inputTokens, output_tokens: 1 },
      },
    },
    ...answer.blocks.flatMap(blockParts),
    {
      type: 'message_delta',
      delta: { stop_reason: STOP_REASONS[answer.stop], stop_sequence: null },
      usage: { output_tokens: answer.outputTokens },
    },
    { type: 'message_stop' },
  ],
};

/** Newer models take `system` as a role too. */
const ROLES = ['user', 'assistant', 'system'];

function checkMessage(message: JsonValue, index: number): void {
  const at = `messages.${index}`;
  if (!isObject(message)) refuse(`${at}: Input should be an object`);
  const { role, content } = message;
  if (role === undefined) refuse(`${at}.role: Field required`);
  if (typeof role !== 'string' || !ROLES.includes(role)) {
    refuse(`messages: Unexpected role ${encodeJson(role)}. Allowed roles are "user" or "assistant".`);
  }
  if (content === undefined) refuse(`${at}.content: Field required`);
  if (typeof content !== 'string' && !Array.isArray(content)) {
    refuse(`${at}.content: Input should be a valid array`);
  }
}

function envelope({ id }: Answer, model: Model): JsonObject {
  return { id: `msg_bdrk_${id}`, type: 'message', role: 'assistant', model: nameOf(model) };
}

function nameOf({ id }: Model): string {
  return id.replace(/^anthropic\.|-v\d+(:\d+)?$/g, '');
}

function contentOf(block: Block): JsonObject {
  if (block.kind === 'text') return { type: 'text', text: block.text };
  if (block.kind === 'reasoning') {
    return { type: 'thinking', thinking: block.text, signature: block.signature };
  }
  return { type: 'tool_use', id: `toolu_bdrk_${block.id}`, name: block.name, input: block.input };
}

const EMPTIED: Record<Block['kind'], JsonObject> = {
  text: { text: '' },
  reasoning: { thinking: '', signature: '' },
  toolUse: { input: {} },
};

function blockParts(block: Block, index: number): JsonObject[] {
  const start = { ...contentOf(block), ...EMPTIED[block.kind] };
  return [
    { type: 'content_block_start', index, content_block: start },
    ...deltasOf(block).map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

function deltasOf(block: Block): JsonObject[] {
  if (block.kind === 'text') return piecesOf(block.text).map((text) => ({ type: 'text_delta', text }));
  if (block.kind === 'toolUse') {
    return piecesOf(encodeJson(block.input)).map((partial_json) => ({
      type: 'input_json_delta',
      partial_json,
    }));
  }
  const thoughts = piecesOf(block.text).map((thinking) => ({ type: 'thinking_delta', thinking }));
  return [...thoughts, { type: 'signature_delta', signature: block.signature }];
}

function toolsOf(tools: JsonValue): Tool[] {
  if (tools === undefined) return [];
  if (!Array.isArray(tools)) return malformed('#/tools: expected type: JSONArray');
  // Tools of Anthropic's own (bash, text editor, computer use) have a type and no schema.
  return tools
    .filter(isObject)
    .filter(({ input_schema: schema }) => isObject(schema))
    .map(({ name, input_schema: schema }) => ({ name: String(name), schema: schema as JsonObject }));
}

function choiceOf(choice: JsonValue): ToolChoice {
  if (!isObject(choice)) return 'auto';
  if (choice.type === 'tool') return { name: String(choice.name) };
  return choice.type === 'any' || choice.type === 'none' ? choice.type : 'auto';
}

/** `output_config.format`, or `output_format` as the beta called it. */
function schemaOf({ output_config: config, output_format: beta }: JsonObject): JsonObject | undefined {
  const format = isObject(config) ? config.format : beta;
  if (!isObject(format) || format.type !== 'json_schema') return undefined;
  if (!isObject(format.schema)) return malformed('#/output_config/format: required key [schema] not found');
  return checkSchema(format.schema);
}
