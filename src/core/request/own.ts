/** What a record holds under a name that comes from outside, which may be that of a part of every object, like `constructor`. */
export function ownOf<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
