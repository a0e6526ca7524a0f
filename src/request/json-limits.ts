/** What no request may contain, whatever its shape: checked once on the whole message, before its schema. */

/** Levels of objects and lists inside each other. */
export const MAX_DEPTH = 64;

export interface Problem {
  path: readonly PropertyKey[];
  expected: string;
  /** What stands there instead, as it may be shown. */
  came: string;
}

/** The first thing found that cannot be handled faithfully, or undefined. Does not recurse: depth is what it checks. */
export function findUnfit(value: unknown): Problem | undefined {
  const open: { value: object; path: readonly PropertyKey[] }[] = [{ value: { message: value }, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: here, path } = next;
    if (path.length > MAX_DEPTH) {
      return { path: path.slice(1, 4), expected: `at most ${MAX_DEPTH} levels of nesting`, came: 'more' };
    }
    for (const [key, inner] of Object.entries(here)) {
      const innerPath = [...path, Array.isArray(here) ? Number(key) : key];
      if (key === '__proto__') {
        return { path: innerPath.slice(1), expected: 'no field of this name', came: 'one' };
      }
      if (typeof inner === 'number' && !Number.isFinite(inner)) {
        return { path: innerPath.slice(1), expected: 'a number of at most 1.8e308', came: 'a larger one' };
      }
      if (typeof inner === 'object' && inner !== null) open.push({ value: inner, path: innerPath });
    }
  }
  return undefined;
}

/** Whether a number in here has lost digits: integers beyond 2^53 do. */
export function hasUnsafeInteger(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasUnsafeInteger);
}
