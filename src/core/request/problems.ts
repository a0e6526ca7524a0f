/** What a schema finds wrong with a message, as problems. */
import type * as z from 'zod';
import { at } from './json.ts';
import { describe, missing, mustBe, type Problem, shorten } from './problem.ts';

/**
 * The value as the schema reads it, or its problems in the order in which the schema checks.
 * @param misplaced what is wrong with a field of the value that the schema does not know; undefined: nobody knows it
 */
export function parseWith<Output>(
  schema: z.ZodType<Output>,
  value: unknown,
  misplaced: (name: string) => string | undefined = () => undefined,
): { data: Output } | { problems: Problem[] } {
  try {
    const parsed = schema.safeParse(value, { error: expectedBy });
    if (parsed.success) return { data: parsed.data };
    return { problems: parsed.error.issues.flatMap((issue) => problemsOfIssue(issue, value, misplaced)) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Zod hands the problems of a list on as arguments of one call, and so many do not fit on the stack.
    return { problems: [{ path: [], text: 'has more mistakes than can be listed' }] };
  }
}

/** How a check describes what came, where its kind and size in general do not tell: `refine(..., { params })`. */
export function describedBy(came: (value: unknown) => string) {
  return { came };
}

function problemsOfIssue(
  issue: z.core.$ZodIssue,
  value: unknown,
  misplaced: (name: string) => string | undefined,
): Problem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const text = path.length === 0 ? misplaced(key) : undefined;
      return { path: [...path, shorten(key)], text: text ?? 'unknown field' };
    });
  }
  if (issue.code === 'invalid_key') {
    const expected = issue.issues.map(({ message }) => message).join(' and ');
    const [name] = path.slice(-1);
    return [{ path: path.slice(0, -1), text: `names must be ${expected}, got ${describe(name)}` }];
  }
  const came = at(value, path);
  if (came === undefined) return [missing(path)];
  const params: Partial<ReturnType<typeof describedBy>> = (issue.code === 'custom' && issue.params) || {};
  return [mustBe(path, issue.message, (params.came ?? describe)(came))];
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
