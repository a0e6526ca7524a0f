/** What SQS takes: of a message, and of a batch of them together. */
export const MAX_BYTES = 1_048_576;
export const MAX_ENTRIES = 10;
/** SQS refuses a message with a character that XML 1.0 does not have. */
const UNSENDABLE = /[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** Whether a message can carry this text. */
export function isSendable(text: string): boolean {
  return Buffer.byteLength(text) <= MAX_BYTES && !UNSENDABLE.test(text);
}
