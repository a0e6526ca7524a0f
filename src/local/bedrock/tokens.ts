/**
 * Counts tokens the way tokenizers roughly do: pieces of words, short runs of digits, single signs, single characters
 * of scripts without spaces. Not any model's own tokenizer; the same text always counts the same.
 */

const LETTERS_PER_TOKEN = 6;
const DIGITS_PER_TOKEN = 3;
const PIECES = /[a-zA-Z]+|[0-9]+|[^\sa-zA-Z0-9]/gu;
/** Between messages and around the whole, chat formats spend a few tokens. */
const TOKENS_PER_MESSAGE = 4;
/** About what a one-megapixel image costs. */
const TOKENS_PER_IMAGE = 1_600;
const BYTES_PER_DOCUMENT_TOKEN = 8;

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
  messages?: unknown;
  system?: unknown;
  tools?: unknown;
  prompt?: string;
}): number {
  const messages = Array.isArray(parts.messages) ? parts.messages : [];
  return (
    messages.length * TOKENS_PER_MESSAGE +
    countTextTokens(parts.prompt ?? '') +
    countContent(parts.system) +
    (parts.tools === undefined ? 0 : countTextTokens(JSON.stringify(parts.tools))) +
    messages.reduce<number>((sum, message) => sum + countContent(message), 0)
  );
}

function countContent(value: unknown): number {
  if (typeof value === 'string') return countTextTokens(value);
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countContent(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  const block = value as Record<string, unknown>;
  if ('image' in block || block.type === 'image' || block.type === 'image_url') return TOKENS_PER_IMAGE;
  if ('document' in block || 'video' in block || block.type === 'document') {
    return Math.ceil(JSON.stringify(block).length / BYTES_PER_DOCUMENT_TOKEN);
  }
  return Object.entries(block).reduce(
    (sum, [key, item]) => (key === 'role' ? sum : sum + countContent(item)),
    0,
  );
}
