/** Says what is wrong with a message: the field, what was expected and what came. Never shows long values. */
import type * as z from 'zod';
import { at } from './json.ts';
import type { Problem } from './json-limits.ts';

const SHOWN_PROBLEMS = 5;
const SHOWN_CHARACTERS = 40;

/** One line for all problems; the first few are spelled out. */
export function describeProblems(problems: readonly Problem[]): string {
  const shown = problems
    .slice(0, SHOWN_PROBLEMS)
    .map(({ path, expected, came }) => `${pathText(path)}: expected ${expected}, got ${came}`);
  const more = problems.length - shown.length;
  const text = more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ');
  // Names may hold half characters, which no table stores.
  return text.replace(/\p{Cs}/gu, '\ufffd');
}

/** In the order in which the schema checks, which depends on nothing but schema and value. */
export function problemsOf(error: z.ZodError, input: unknown): Problem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, input));
}

function problemsOfIssue(issue: z.core.$ZodIssue, input: unknown): Problem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, shorten(key)],
      expected: 'no such field',
      came: describe(at(input, [...path, key])),
    }));
  }
  if (issue.code === 'invalid_key') {
    const expected = issue.issues.map((inner) => expectedBy(inner)).join(' and ');
    return [{ path: path.slice(0, -1), expected: `names of ${expected}`, came: describe(path.at(-1)) }];
  }
  return [{ path, expected: expectedBy(issue), came: describe(at(input, path)) }];
}

function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'too_small':
      return `at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
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
  nonoptional: 'a value',
};

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : '';
}

/** A value as it may be shown: short ones themselves, longer ones by kind and size. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value);
    return names.length === 0 ? 'an empty object' : `an object with ${shorten(names.slice(0, 5).join(', '))}`;
  }
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= SHOWN_CHARACTERS ? text : `text of ${text.length - 2} characters`;
}

function shorten(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

/** `converse.messages[0].role`; the message itself is `message`. */
function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : nameText(String(key)))).join('');
  return text === '' ? 'message' : text.replace(/^\./, '');
}

/** Names that would not be seen as such are quoted: empty ones, blanks, signs. */
function nameText(name: string): string {
  return /^[\w$-]+…?$/.test(name) ? `.${shorten(name)}` : `[${JSON.stringify(shorten(name))}]`;
}
