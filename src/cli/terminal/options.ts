/** Kinds of values on the command line. An error names the option, what is allowed, and what was given. */
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { Argument, Option } from '@commander-js/extra-typings';
import { UsageError } from '../errors.ts';

export interface NumberRange {
  min: number;
  max: number;
}

/** A quota for one minute. */
export const LIMIT: NumberRange = { min: 1, max: 1e12 };
export const PORT: NumberRange = { min: 0, max: 65_535 };
/** A number of things, or the number of one. */
export const COUNT: NumberRange = { min: 1, max: 2 ** 32 - 1 };

export function wholeNumber<Flags extends string>(
  flags: Flags,
  description: string,
  { min, max }: NumberRange,
) {
  return parsed(flags, description, `a whole number from ${min} to ${max}`, (text) => {
    const number = toNumber(text);
    return Number.isInteger(number) && number >= min && number <= max ? number : undefined;
  });
}

/** The same seed gives the same run. */
export function seed(of: string) {
  return wholeNumber('--seed <n>', `seed ${of}`, { min: 0, max: 2 ** 32 - 1 }).default(1);
}

export function number<Flags extends string>(flags: Flags, description: string, { min, max }: NumberRange) {
  return parsed(flags, description, `a number from ${min} to ${max}`, (text) => {
    const number = toNumber(text);
    return number >= min && number <= max ? number : undefined;
  });
}

export function choice<Flags extends string, Choice extends string>(
  flags: Flags,
  description: string,
  choices: readonly Choice[],
) {
  const list = choices.join(', ');
  return parsed(flags, `${description}: ${list}`, `one of ${list}`, (text) =>
    choices.find((known) => known === text),
  );
}

export function choiceArgument<Usage extends string, Choice extends string>(
  usage: Usage,
  description: string,
  choices: readonly Choice[],
) {
  return new Argument(usage, description).argParser((text) => {
    const found = choices.find((known) => known === text);
    if (found !== undefined) return found;
    throw new UsageError(`${usage} must be one of ${choices.join(', ')}, got ${JSON.stringify(text)}`);
  });
}

/** The id of an AWS account. */
export function accountId<Flags extends string>(flags: Flags, description: string) {
  return parsed(flags, description, 'the twelve digits of an AWS account', (text) =>
    /^\d{12}$/.test(text) ? text : undefined,
  );
}

/** The value has no slash at its end. */
export function url<Flags extends string>(flags: Flags, description: string) {
  return parsed(flags, description, 'a URL such as http://127.0.0.1:5000', (text) =>
    /^https?:/.test(text) && URL.canParse(text) ? text.replace(/\/$/, '') : undefined,
  );
}

/** A file that exists and can be read. */
export function inputFile<Flags extends string>(flags: Flags, description: string) {
  return parsed(flags, description, 'a file that can be read', (text) =>
    isAccessible(text, constants.R_OK) && statSync(text).isFile() ? text : undefined,
  );
}

/** A file that can be written. This is checked before the work begins, and not when its figures are there. */
export function outputFile<Flags extends string>(flags: Flags, description: string) {
  return parsed(flags, description, 'a file that can be written', (text) =>
    isWritable(text) ? text : undefined,
  );
}

/** A moment in ISO 8601: a day, or a day and a time; without an offset it is in UTC. */
export function moment<Flags extends string>(flags: Flags, description: string) {
  return parsed(flags, description, 'a time such as 2026-11-22 or 2026-11-22T19:40Z', (text) => {
    if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.test(text)) return undefined;
    // `Date` moves days that do not exist into the next month.
    const day = Date.parse(text.slice(0, 10));
    if (Number.isNaN(day) || !new Date(day).toISOString().startsWith(text.slice(0, 10))) return undefined;
    const time = Date.parse(/T[^Z+-]*$/.test(text) ? `${text}Z` : text);
    return Number.isNaN(time) ? undefined : time;
  });
}

/** `--json [file]`, which means the same for every command: `printer` implements it. */
export function json() {
  const option = new Option(
    '--json [file]',
    'print the figures as JSON instead of text; with a file name, write them there beside the text',
  );
  return option.argParser(
    parserOf(option, 'a file that can be written', (text) => (isWritable(text) ? text : undefined)),
  );
}

/** What the producers' commands write of each request that has ended. */
export const RESULT_LINES = 'as JSON lines, each a Result of the client library (docs/client-api.md)';

/** An option whose value `parse` makes of the text; undefined when the text is not what `expected` says. */
export function parsed<Flags extends string, Value>(
  flags: Flags,
  description: string,
  expected: string,
  parse: (text: string) => Value | undefined,
) {
  const option = new Option(flags, description);
  return option.argParser(parserOf(option, expected, parse));
}

function parserOf<Value>(
  { long }: { long?: string },
  expected: string,
  parse: (text: string) => Value | undefined,
): (text: string) => Value {
  return (text) => {
    const value = parse(text);
    if (value === undefined) throw new UsageError(`${long} must be ${expected}, got ${JSON.stringify(text)}`);
    return value;
  };
}

function toNumber(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

function isWritable(file: string): boolean {
  if (file === '') return false;
  if (isAccessible(file, constants.F_OK))
    return isAccessible(file, constants.W_OK) && !statSync(file).isDirectory();
  return isAccessible(path.dirname(path.resolve(file)), constants.W_OK);
}

function isAccessible(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}
