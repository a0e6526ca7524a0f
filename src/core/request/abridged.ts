/**
 * A JSON text whose long strings are kept apart, as the bytes that they are: what is left of a call of 25 MB is a few kilobytes of
 * text, which can be read and changed like that of any other call. So a worker needs little more memory for a call than its bytes.
 */

/** Shorter strings stay where they are. Bytes. */
const LONG_STRING = 1_024;
/** In place of a string, before its number. A string that begins so itself is kept apart too, whatever its length. */
const MARK = '\\u0000';
const MARKED = /"\\u0000(\d+)"/g;
const MARK_BYTES = Buffer.from(MARK);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export interface Abridged {
  /** JSON, if the whole is. */
  text: string;
  /** What was between the quotes of the strings that were kept apart, by their numbers. */
  strings: readonly Uint8Array[];
}

export function abridged(json: Uint8Array): Abridged {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  const strings: Uint8Array[] = [];
  let text = '';
  let copied = 0;
  for (let open = bytes.indexOf(QUOTE); open >= 0; ) {
    const close = closingQuote(bytes, open);
    if (close < 0) break;
    const string = bytes.subarray(open + 1, close);
    if (string.length > LONG_STRING || string.subarray(0, MARK_BYTES.length).equals(MARK_BYTES)) {
      text += `${bytes.toString('utf8', copied, open + 1)}${MARK}${strings.length}`;
      strings.push(string);
      copied = close;
    }
    open = bytes.indexOf(QUOTE, close + 1);
  }
  return { text: text + bytes.toString('utf8', copied), strings };
}

/** Bytes beside the long strings: what is read as text takes many times its size of memory. */
export function shortTextBytes(json: Uint8Array): number {
  return Buffer.byteLength(abridged(json).text);
}

/** The bytes of an abridged text, or of a part of it, with the strings that were kept apart. */
export function inFull({ text, strings }: Abridged): Buffer {
  const parts: Uint8Array[] = [];
  let copied = 0;
  for (const marked of text.matchAll(MARKED)) {
    const [{ length }, number] = marked;
    parts.push(Buffer.from(text.slice(copied, marked.index + 1)), strings[Number(number)] ?? NOTHING);
    copied = marked.index + length - 1;
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(copied))]);
}

const NOTHING = new Uint8Array();

/** Negative when the string has no end. */
function closingQuote(bytes: Buffer, open: number): number {
  for (let close = bytes.indexOf(QUOTE, open + 1); close >= 0; close = bytes.indexOf(QUOTE, close + 1)) {
    let escapes = 0;
    while (bytes[close - 1 - escapes] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return close;
  }
  return -1;
}
