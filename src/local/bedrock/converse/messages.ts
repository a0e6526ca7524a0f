import { isObject, type JsonObject, type JsonValue } from '../../../wire/json.ts';
import { fields, invalid, list, refuse } from '../constraints.ts';
import type { Model } from '../models.ts';

const ROLES = ['user', 'assistant', 'system'];
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
  'toolAddition',
  'toolRemoval',
];

const SYSTEM_BLOCKS = ['text', 'guardContent', 'cachePoint'];

/** @throws BedrockError ValidationException, naming the message */
export function checkMessages(value: JsonValue, withTools: boolean, model: Model): void {
  const messages = list(value, 'messages', 'at least 1 message');
  if (messages.length === 0) invalid('messages', 'at least 1 message', value);
  const kinds = messages.flatMap((message, index) => checkMessage(message, index, model));
  if ((messages[0] as JsonObject).role === 'assistant') {
    refuse(
      'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
    );
  }
  if (!withTools && kinds.some((kind) => kind === 'toolUse' || kind === 'toolResult')) {
    refuse('The toolConfig field must be defined when using toolUse and toolResult content blocks.');
  }
}

/** @throws BedrockError ValidationException, naming the block */
export function checkSystem(value: JsonValue, model: Model): void {
  if (value === undefined || value === null) return;
  for (const [index, block] of list(value, 'system', 'a list of content blocks').entries()) {
    kindOf(block, `system.${index + 1}.member`, SYSTEM_BLOCKS);
    checkText(block, `system.${index}`, 'SystemContentBlock', model);
  }
}

/** The kinds of the message's content blocks. */
function checkMessage(message: JsonValue, number: number, model: Model): string[] {
  const at = `messages.${number + 1}.member`;
  const { role, content } = fields(message, at) ?? {};
  if (!ROLES.includes(String(role))) invalid(`${at}.role`, `enum value set: [${ROLES.join(', ')}]`, role);
  const blocks = list(content, `${at}.content`, 'a list of content blocks');
  if (blocks.length === 0) {
    refuse(
      `The content field in the Message object at messages.${number} is empty. Add a ContentBlock object to the content field and try again.`,
    );
  }
  return blocks.map((block, index) => {
    const kind = kindOf(block, `${at}.content.${index + 1}.member`, CONTENT_BLOCKS);
    checkText(block, `messages.${number}.content.${index}`, 'ContentBlock', model);
    return kind;
  });
}

function kindOf(block: JsonValue, at: string, known: readonly string[]): string {
  const [kind, ...more] = isObject(block) ? Object.keys(block) : [];
  if (kind === undefined || more.length > 0 || !known.includes(kind)) {
    return invalid(at, `exactly one of [${known.join(', ')}]`, block);
  }
  return kind;
}

/** Claude models refuse a blank text themselves, for others Bedrock does. */
function checkText(block: JsonValue, at: string, type: string, { family }: Model): void {
  const { text } = block as JsonObject;
  if (text === undefined) return;
  if (typeof text !== 'string') invalid(`${at}.text`, 'a text', text);
  if (/\S/.test(text)) return;
  if (family === 'anthropic') {
    refuse(
      `The model returned the following errors: ${at.split('.')[0]}: text content blocks must ${text === '' ? 'be non-empty' : 'contain non-whitespace text'}`,
    );
  }
  refuse(
    `The text field in the ${type} object at ${at} is blank. Add text to the text field, and try again.`,
  );
}
