import { isObject, type JsonObject, type JsonValue } from '../../../wire/json.ts';
import { fields, invalid, list, refuse } from '../constraints.ts';

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

/** @throws BedrockError ValidationException, naming the message */
export function checkMessages(value: JsonValue, withTools: boolean): void {
  const messages = list(value, 'messages', 'at least 1 message');
  if (messages.length === 0) invalid('messages', 'at least 1 message', value);
  const kinds = messages.flatMap((message, index) => checkMessage(message, `messages.${index + 1}.member`));
  if ((messages[0] as JsonObject).role === 'assistant') {
    refuse(
      'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
    );
  }
  if (!withTools && kinds.some((kind) => kind === 'toolUse' || kind === 'toolResult')) {
    refuse('The toolConfig field must be defined when using toolUse and toolResult content blocks.');
  }
}

/** The kinds of the message's content blocks. */
function checkMessage(message: JsonValue, at: string): string[] {
  const { role, content } = fields(message, at) ?? {};
  if (!ROLES.includes(String(role))) invalid(`${at}.role`, `enum value set: [${ROLES.join(', ')}]`, role);
  return list(content, `${at}.content`, 'a list of content blocks').map((block, index) => {
    const kinds = isObject(block) ? Object.keys(block) : [];
    const [kind = ''] = kinds;
    if (kinds.length !== 1 || !CONTENT_BLOCKS.includes(kind)) {
      invalid(`${at}.content.${index + 1}.member`, `exactly one of [${CONTENT_BLOCKS.join(', ')}]`, block);
    }
    return kind;
  });
}
