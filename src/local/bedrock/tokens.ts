/**
 * Counts tokens roughly as tokenizers do: pieces of words, short runs of digits, single signs, single characters of
 * scripts without spaces. It is no model's own tokenizer, but the same text always counts the same.
 */
import { encodeJson, isObject, type JsonValue } from '../../wire/json.ts';

const LETTERS_PER_TOKEN = 6;
const DIGITS_PER_TOKEN = 3;
const PIECES = /[a-zA-Z]+|[0-9]+|[^\sa-zA-Z0-9]/gu;
/** Chat formats add a few tokens to each message. */
const TOKENS_PER_MESSAGE = 4;
/** About what a one-megapixel image costs. */
const TOKENS_PER_IMAGE = 1_600;
const BYTES_PER_DOCUMENT_TOKEN = 8;
const TEXT_FIELDS = ['text', 'content', 'message'];
const SHORTEST_MEDIA = 1_000;
const BASE64 = /^(data:[\w.+-]+\/[\w.+-]+;base64,)?[A-Za-z0-9+/_-]+=*$/;

export function countTextTokens(text: string): number {
  let tokens = 0;
  for (const [piece] of text.matchAll(PIECES)) {
    if (/[a-zA-Z]/.test(piece)) tokens += Math.ceil(piece.length / LETTERS_PER_TOKEN);
    else if (/[0-9]/.test(piece)) tokens += Math.ceil(piece.length / DIGITS_PER_TOKEN);
    else tokens += 1;
  }
  return tokens;
}

/** Input tokens of a prompt in any shape: all its text, its media by kind, and something for each message. */
export function countInputTokens(parts: {
  messages?: JsonValue;
  system?: JsonValue;
  tools?: JsonValue;
  prompt?: string;
  media?: JsonValue;
}): number {
  const messages = Array.isArray(parts.messages) ? parts.messages : [];
  return (
    messages.length * TOKENS_PER_MESSAGE +
    countTextTokens(parts.prompt ?? '') +
    countContent(parts.system) +
    countContent(parts.media) +
    (parts.tools === undefined ? 0 : countTextTokens(encodeJson(parts.tools))) +
    messages.reduce<number>((sum, message) => sum + countContent(message), 0)
  );
}

/** @param key the field that the value stands in */
function countContent(value: JsonValue, key = ''): number {
  if (typeof value === 'string') return isMedia(value, key) ? TOKENS_PER_IMAGE : countTextTokens(value);
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countContent(item, key), 0);
  if (!isObject(value)) return 0;
  if ('image' in value || value.type === 'image' || value.type === 'image_url') return TOKENS_PER_IMAGE;
  if ('document' in value || 'video' in value || value.type === 'document') {
    return Math.ceil(encodeJson(value).length / BYTES_PER_DOCUMENT_TOKEN);
  }
  return Object.entries(value).reduce(
    (sum, [name, item]) => (name === 'role' ? sum : sum + countContent(item, name)),
    0,
  );
}

/** Media travel as base64, whatever their field is called; no other text is so long without a space. */
function isMedia(text: string, key: string): boolean {
  return text.length >= SHORTEST_MEDIA && !TEXT_FIELDS.includes(key) && BASE64.test(text);
}
