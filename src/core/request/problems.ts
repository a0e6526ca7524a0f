/** What a schema finds wrong with a message, as problems. */
import type * as z from 'zod';
import { at } from './json.ts';
import { describe, missing, mustBe, type Problem, shorten } from './problem.ts';

/** The value as the schema reads it, or its problems in the order in which the schema checks. */
export function parseWith<Output>(
  schema: z.ZodType<Output>,
  value: unknown,
): { data: Output } | { problems: Problem[] } {
  const parsed = schema.safeParse(value, { error: expectedBy });
  if (parsed.success) return { data: parsed.data };
  return { problems: parsed.error.issues.flatMap((issue) => problemsOfIssue(issue, value)) };
}

function problemsOfIssue(issue: z.core.$ZodIssue, value: unknown): Problem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, shorten(key)], text: 'unknown field' }));
  }
  if (issue.code === 'invalid_key') {
    const expected = issue.issues.map(({ message }) => message).join(' and ');
    const [name] = path.slice(-1);
    return [{ path: path.slice(0, -1), text: `names must be ${expected}, got ${describe(name)}` }];
  }
  const came = at(value, path);
  return [came === undefined ? missing(path) : mustBe(path, issue.message, describe(came))];
}

/** What the schema wants, where it does not say so itself (`error`). */
function expectedBy(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value': {
      const values = issue.values.map((value) => JSON.stringify(value));
      return values.length > 1 ? `one of ${values.join(', ')}` : values[0];
    }
    case 'too_small':
      return `${SIZED[issue.origin] ?? ''}at least ${sizeText(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `${SIZED[issue.origin] ?? ''}at most ${sizeText(issue.maximum, issue.origin)}`;
    case 'invalid_format':
      return issue.format === 'base64' ? 'base64' : issue.message;
    default:
      return issue.message;
  }
}

const TYPES: Record<string, string> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

const SIZED: Record<string, string> = { string: 'text of ', array: 'a list of ' };
const UNITS: Record<string, string> = { string: 'character', array: 'item' };

function sizeText(size: number | bigint, origin: string): string {
  const unit = UNITS[origin];
  if (unit === undefined) return String(size);
  return `${size} ${unit}${Number(size) === 1 ? '' : 's'}`;
}
