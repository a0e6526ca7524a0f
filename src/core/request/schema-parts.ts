/** Parts that the schemas of messages and of Bedrock's requests are made of. */
import * as z from 'zod';

/** An object of which exactly one member is given, as Bedrock's unions are written in JSON. */
export function exactlyOneOf<Members extends z.ZodRawShape>(members: Members) {
  const names = Object.keys(members);
  return z
    .strictObject(members)
    .partial()
    .refine((value) => Object.keys(value).length === 1, { error: `exactly one of ${names.join(', ')}` })
    .meta({ minProperties: 1, maxProperties: 1 });
}

export function stringOf(pattern: RegExp, max: number, expected: string) {
  return z.string().min(1).max(max).regex(pattern, { error: expected });
}

/** Binary content in JSON. */
export const base64 = z.base64().min(1);

/** Bedrock refuses texts without a visible character. */
export const notBlank = z.string().regex(/\S/, { error: 'text that is not blank' });

/** Any JSON object; what it may contain is the model's affair. */
export const jsonObject = z.record(z.string(), z.unknown());
