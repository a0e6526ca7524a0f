import { MalformedError } from './errors.ts';

type TypeName<T> = T extends string
  ? 'string'
  : T extends number
    ? 'number'
    : T extends boolean
      ? 'boolean'
      : 'object';

type RequiredNames<T> = { [Name in keyof T]-?: undefined extends T[Name] ? never : Name }[keyof T];

/** What JavaScript's `typeof` says of each field that a shape always has. */
export type TypesOf<T> = { [Name in RequiredNames<T>]: TypeName<T[Name]> };

/**
 * What was read from a queue, a table or the bucket, as the shape that our functions write there. The fields that it
 * always has are checked, and nothing else: what a newer release has added stays as it is.
 * @throws MalformedError naming the field
 */
export function checked<T>(shape: string, value: unknown, types: TypesOf<T>): T {
  const fields = Object(value) as Record<string, unknown>;
  for (const [name, type] of Object.entries(types)) {
    const actual = typeof fields[name];
    if (actual !== type) throw new MalformedError(shape, name, String(type), actual);
  }
  return value as T;
}
