import { ExpressionError } from './errors.ts';

/** A Terraform value. Lists, sets and tuples are arrays; maps and objects are objects. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

export const isObject = (value: Value): value is { [key: string]: Value } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function describe(value: Value): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${JSON.stringify(value)}`;
}

export function toText(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ExpressionError(`expected a string, got ${describe(value)}`);
}

export function toNumber(value: Value): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && !Number.isNaN(number)) return number;
  throw new ExpressionError(`expected a number, got ${describe(value)}`);
}

export function toBoolean(value: Value): boolean {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new ExpressionError(`expected true or false, got ${describe(value)}`);
}

export function toList(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  throw new ExpressionError(`expected a list, got ${describe(value)}`);
}

/** A set of primitives, in Terraform's order. */
export function toSet(value: Value): Value[] {
  return [...new Set(toList(value))].sort();
}

export function toObject(value: Value): { [key: string]: Value } {
  if (isObject(value)) return value;
  throw new ExpressionError(`expected a map or an object, got ${describe(value)}`);
}

/** Terraform goes through maps and objects in the order of their keys. */
export function sortedEntries(value: Value): [string, Value][] {
  return Object.entries(toObject(value)).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

export function equal(a: Value, b: Value): boolean {
  return encodeJson(a) === encodeJson(b);
}

/** As Terraform's jsonencode: keys sorted, `<`, `>` and `&` escaped. */
export function encodeJson(value: Value): string {
  const sorted = (item: Value): Value => {
    if (Array.isArray(item)) return item.map(sorted);
    return isObject(item)
      ? Object.fromEntries(sortedEntries(item).map(([key, at]) => [key, sorted(at)]))
      : item;
  };
  const code = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(sorted(value)).replace(/[<>&\u2028\u2029]/g, code);
}
