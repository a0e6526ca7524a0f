/** Without the keys that are undefined: in a table, an undefined attribute is an absent one. */
export function definedOf<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** A copy that shares nothing with the original, as if it had been through JSON. Its nested values are frozen. */
export function copyOf<T extends object>(fields: T): T {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const nested = typeof value === 'object' && value !== null && !Object.isFrozen(value);
    copy[name] = nested ? JSON.parse(JSON.stringify(value), (_, part) => Object.freeze(part)) : value;
  }
  return copy as T;
}
