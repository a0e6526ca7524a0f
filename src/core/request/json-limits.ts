/** What no request may contain, whatever its shape: checked once on the whole message, before its schema. */

/** Levels of objects and lists inside each other. */
export const MAX_DEPTH = 64;

export interface Problem {
  path: readonly PropertyKey[];
  expected: string;
  /** What stands there instead, as it may be shown. */
  came: string;
}

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
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value, depth } = place;
    if (depth > MAX_DEPTH) {
      const path = pathOf(place).slice(0, 3);
      return { path, expected: `at most ${MAX_DEPTH} levels of nesting`, came: 'more' };
    }
    const isList = Array.isArray(value);
    for (const name in value) {
      const inner: unknown = value[name as keyof typeof value];
      const key = isList ? Number(name) : name;
      if (name === '__proto__') {
        return { path: [...pathOf(place), key], expected: 'no field of this name', came: 'one' };
      }
      if (typeof inner === 'number' && !Number.isFinite(inner)) {
        const expected = 'a number of at most 1.8e308';
        return { path: [...pathOf(place), key], expected, came: 'a larger one' };
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

/** Whether a number in here has lost digits: integers beyond 2^53 do. */
export function hasUnsafeInteger(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasUnsafeInteger);
}
