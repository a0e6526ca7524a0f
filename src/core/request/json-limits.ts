/** What no request may contain, whatever its shape: checked once on the whole message, before its schema. */
import type { Problem } from './problem.ts';

/** Levels of objects and lists inside each other. */
export const MAX_DEPTH = 64;
/**
 * Members and items in all. A value of a character or two takes some hundred times its size of memory while it is checked, and
 * ingestion has 512 MB. As many of them are more tokens than most models read; within a text, they do not count.
 */
export const MAX_VALUES = 200_000;

/** A place in the message that is still to be looked at; its path is spelled out only when something is wrong. */
interface Place {
  value: object;
  depth: number;
  key?: PropertyKey;
  parent?: Place;
}

/** The first thing found that cannot be handled faithfully, or undefined. Does not recurse: depth is what it checks. */
export function findUnfit(message: unknown): Problem | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const open: Place[] = [{ value: message, depth: 1 }];
  let values = 0;
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value, depth } = place;
    if (depth > MAX_DEPTH) {
      return { path: pathOf(place).slice(0, 3), text: `must not be nested deeper than ${MAX_DEPTH} levels` };
    }
    const isList = Array.isArray(value);
    // The names of a list's items are texts, which must not all be made of a long one.
    values += isList ? value.length : Object.keys(value).length;
    if (values > MAX_VALUES) {
      const text = `must not have more than ${MAX_VALUES} values: lists of data may be given as text`;
      return { path: [], text };
    }
    for (const name in value) {
      const inner: unknown = value[name as keyof typeof value];
      const key = isList ? Number(name) : name;
      if (name === '__proto__') return { path: [...pathOf(place), key], text: 'not allowed as a name' };
      if (typeof inner === 'number' && !Number.isFinite(inner)) {
        return {
          path: [...pathOf(place), key],
          text: 'must be a number of at most 1.8e308, got a larger one',
        };
      }
      if (typeof inner === 'object' && inner !== null) {
        open.push({ value: inner, depth: depth + 1, key, parent: place });
      }
    }
  }
  return undefined;
}

function pathOf(place: Place): PropertyKey[] {
  const path: PropertyKey[] = [];
  for (let here: Place | undefined = place; here?.key !== undefined; here = here.parent)
    path.unshift(here.key);
  return path;
}

/** Whether JSON.parse has rounded a whole number in here, or kept one from being rounded. */
export function hasUnsafeInteger(value: unknown): boolean {
  if (typeof value === 'bigint') return true;
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasUnsafeInteger);
}
