import { type AttributeValue, ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

export type Item = Record<string, AttributeValue>;

/** An undefined attribute is an absent one. */
export function itemOf(attributes: object): Item {
  return marshall(attributes, { removeUndefinedValues: true });
}

/** In our expressions `#name` always stands for the attribute `name`, so that no name is a reserved word. */
export function namesIn(...expressions: string[]): Record<string, string> {
  const names = expressions.flatMap((expression) => expression.match(/#\w+/g) ?? []);
  return Object.fromEntries(names.map((name) => [name, name.slice(1)]));
}

/** `{ token: 1 }` gives the value of `:token`. */
export function valuesOf(values: Record<string, unknown>): Item {
  return itemOf(Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, value])));
}

/** Sets each attribute to the value of its own name, and removes others. */
export function updateExpression(set: readonly string[], remove: readonly string[]): string {
  const sets = `SET ${set.map((name) => `#${name} = :${name}`).join(', ')}`;
  return remove.length === 0 ? sets : `${sets} REMOVE ${remove.map((name) => `#${name}`).join(', ')}`;
}

/** The write's result, or undefined when its condition did not hold. */
export async function unlessRefused<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}
