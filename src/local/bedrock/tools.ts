import { isObject, type JsonObject, type JsonValue } from '../../wire/json.ts';
import type { Tool } from './answer.ts';
import { refuse } from './constraints.ts';
import { fittingValue } from './schema.ts';

export type ToolChoice = 'auto' | 'any' | 'none' | { name: string };

/**
 * The tool that the model calls. It must call one when the choice is `any` or a name; under `auto` it calls the one that
 * the last message asks for by name, so that both paths can be tried on purpose, and the results of a call are answered
 * in words.
 * @throws BedrockError when the tool that must be called is not there, or its schema cannot be met
 */
export function chooseTool(
  tools: readonly Tool[],
  choice: ToolChoice,
  messages: JsonValue,
): Tool | undefined {
  if (choice === 'none') return undefined;
  if (choice === 'auto') {
    const said = wordsOfLast(messages);
    const meant = tools.find(({ name }) => said.includes(name.toLowerCase()));
    return meant && withSchema(meant);
  }
  const chosen = choice === 'any' ? tools[0] : tools.find(({ name }) => name === choice.name);
  if (!chosen) {
    const wanted = choice === 'any' ? 'any tool' : `the tool ${choice.name}`;
    return refuse(`The tool choice asks for ${wanted}, which the list of tools does not contain.`);
  }
  return withSchema(chosen);
}

/** @throws BedrockError when no value fits */
export function checkSchema(schema: JsonObject): JsonObject {
  fittingValue(schema, 0);
  return schema;
}

function withSchema(tool: Tool): Tool {
  checkSchema(tool.schema);
  return tool;
}

/** What the last message says in words, in lower case: tool results are no words. */
function wordsOfLast(messages: JsonValue): string {
  const last = Array.isArray(messages) ? messages.at(-1) : undefined;
  if (!isObject(last) || last.role !== 'user') return '';
  const content = Array.isArray(last.content) ? last.content : [last.content];
  return content
    .map((block) => (isObject(block) ? block.text : block))
    .filter((text) => typeof text === 'string')
    .join('\n')
    .toLowerCase();
}
