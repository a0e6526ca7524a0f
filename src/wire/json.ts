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

/** The last of them counts, as with JSON.parse. */
function onDuplicateKey({ newValue }: { newValue: unknown }): unknown {
  return newValue;
}

function parseNumber(text: string): number | bigint {
  const number = Number(text);
  return isInteger(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
}
