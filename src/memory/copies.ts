/** Without the keys that are undefined: in a table, an undefined attribute is an absent one. */
export function definedOf<T extends object>(fields: T): T {
  const copy = {} as T;
  for (const name in fields) if (fields[name] !== undefined) copy[name] = fields[name];
  return copy;
}

/** A copy that shares nothing with the original, as if it had been through JSON. Its nested values are frozen. */
export function copyOf<T extends object>(fields: T): T {
  const copy = definedOf(fields);
  for (const name in copy) {
    const value = copy[name];
    if (typeof value !== 'object' || value === null || Object.isFrozen(value)) continue;
    copy[name] = JSON.parse(JSON.stringify(value), (_, part) => Object.freeze(part));
  }
  return copy;
}
