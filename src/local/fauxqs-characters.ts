/**
 * SQS takes any character of XML 1.0 in a message. fauxqs 1.9 means the same, but its rule reads text in halves of
 * characters and so refuses all beyond U+FFFF, emoji for one. The rule is an object of its module: it gets its meaning.
 */
export async function allowAllCharacters(): Promise<void> {
  const module = new URL('sqs/sqsTypes.js', import.meta.resolve('fauxqs'));
  const { INVALID_MESSAGE_BODY_CHAR: rule } = (await import(module.href)) as {
    INVALID_MESSAGE_BODY_CHAR: RegExp;
  };
  rule.compile('[^\\x09\\x0A\\x0D\\x20-\\uD7FF\\uE000-\\uFFFD\\u{10000}-\\u{10FFFF}]', 'u');
}
