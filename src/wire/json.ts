/** JSON as it travels: whole numbers beyond 2^53 stay what they are, as bigints. */
import { isInteger, parse, stringify } from 'lossless-json';

export type JsonValue = string | number | bigint | boolean | null | undefined | JsonValue[] | JsonObject;
export type JsonObject = { [key: string]: JsonValue };

/** Shorter numbers are exact anyway, so that most texts can be left to JSON.parse. */
const LONG_NUMBER = /\d{16}/;
const BYTE_ORDER_MARK = '\uFEFF';

/** @throws SyntaxError */
export function parseJson(text: string): JsonValue {
  const plain = text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
  return (
    LONG_NUMBER.test(plain) ? parse(plain, undefined, { parseNumber, onDuplicateKey }) : JSON.parse(plain)
  ) as JsonValue;
}

export function encodeJson(value: JsonValue | object): string {
  return stringify(value) ?? 'null';
}

export function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether objects and lists are inside each other in more levels. Reads the text and does not recurse: depth is what it checks. */
export function isDeeper(text: string, mostLevels: number): boolean {
  const mark = /["{}[\]]/g;
  let level = 0;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    if (found[0] === '"') mark.lastIndex = endOfString(text, mark.lastIndex);
    else if (found[0] === '}' || found[0] === ']') level--;
    else if (++level > mostLevels) return true;
  }
  return false;
}

/** Behind the quotation mark that ends the string, or the end of the text. */
function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf('"', begin); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (end - escapes > begin && text[end - escapes - 1] === '\\') escapes++;
    if (escapes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** The last of them counts, as with JSON.parse. */
function onDuplicateKey({ newValue }: { newValue: unknown }): unknown {
  return newValue;
}

function parseNumber(text: string): number | bigint {
  const number = Number(text);
  return isInteger(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
}
