/** Parts that the schemas of messages and of Bedrock's requests are made of. */
import * as z from 'zod';

/** An object of which exactly one member is given, as Bedrock's unions are written in JSON. */
export function exactlyOneOf<Members extends z.ZodRawShape>(members: Members) {
  const names = Object.keys(members);
  return z
    .strictObject(members)
    .partial()
    .refine((value) => Object.keys(value).length === 1, {
      error: `an object with exactly one of ${names.join(', ')}`,
    })
    .meta({ minProperties: 1, maxProperties: 1 });
}

export function stringOf(pattern: RegExp, max: number, expected: string) {
  // An empty text is one mistake: the pattern need not say so again.
  return z.string().min(1, { error: expected, abort: true }).max(max).regex(pattern, { error: expected });
}

export function wholeNumber(min: number, max?: number) {
  const error = `a whole number from ${min}${max === undefined ? '' : ` to ${max}`}`;
  const number = z.int({ error }).min(min, { error });
  return max === undefined ? number : number.max(max, { error });
}

export function numberFrom(min: number, max: number) {
  const error = `a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

/** Binary content in JSON. */
export const base64 = z.base64().min(1);

/** Bedrock refuses texts without a visible character. */
export const notBlank = z.string().regex(/\S/, { error: 'text that is not blank' });

/** Any JSON object: only the model knows what it may contain. */
export const jsonObject = z.record(z.string(), z.unknown());
