/** Terraform's built-in functions, as far as a stack here has needed them. Anything else is an error that names it. */
import { ExpressionError } from './errors.ts';
import {
  describe,
  encodeJson,
  equal,
  isObject,
  sortedEntries,
  toBoolean,
  toList,
  toNumber,
  toObject,
  toText,
  type Value,
} from './value.ts';

type TerraformFunction = (...args: Value[]) => Value;

/** The argument at `index`; a missing one is an error, as in Terraform. */
function argument(args: Value[], index: number): Value {
  const value = args[index];
  if (value === undefined) throw new ExpressionError(`argument ${index + 1} is missing`);
  return value;
}

const numbers = (args: Value[]) => {
  if (args.length === 0) throw new ExpressionError('at least one number is needed');
  return args.map(toNumber);
};

function length(value: Value): number {
  if (typeof value === 'string') return [...value].length;
  if (Array.isArray(value)) return value.length;
  if (isObject(value)) return Object.keys(value).length;
  throw new ExpressionError(`length() needs a string, a list or a map, got ${describe(value)}`);
}

function distinct(items: Value[]): Value[] {
  return items.filter((item, index) => items.findIndex((other) => equal(other, item)) === index);
}

/** Terraform's RE2 patterns in JavaScript; what the two do not share is refused. */
function pattern(text: Value, flags = ''): RegExp {
  const source = toText(text);
  if (/\(\?[^:P]|\\[AzpPQ]|\[\[:/.test(source))
    throw new ExpressionError(`the pattern ${source} is not supported`);
  return new RegExp(source.replaceAll('(?P<', '(?<'), `u${flags}`);
}

function captures(match: RegExpMatchArray): Value {
  if (match.groups)
    return Object.fromEntries(Object.entries(match.groups).map(([key, at]) => [key, at ?? null]));
  return match.length > 1 ? match.slice(1).map((at) => at ?? null) : match[0];
}

function format(args: Value[]): string {
  const [template, ...values] = args;
  let next = 0;
  const text = toText(argument(template === undefined ? [] : [template], 0)).replace(
    /%(.)/g,
    (_, verb: string) => {
      if (verb === '%') return '%';
      const value = argument(values, next++);
      if (verb === 's' || verb === 'v') return typeof value === 'object' ? encodeJson(value) : toText(value);
      if (verb === 'd') return String(Math.trunc(toNumber(value)));
      if (verb === 'q') return JSON.stringify(toText(value));
      throw new ExpressionError(`format() does not support %${verb}`);
    },
  );
  if (next < values.length) throw new ExpressionError('format() got too many arguments');
  return text;
}

function merge(args: Value[]): Value {
  return Object.assign({}, ...args.filter((arg) => arg !== null).map(toObject));
}

function lookup(args: Value[]): Value {
  const found = toObject(argument(args, 0))[toText(argument(args, 1))];
  return found === undefined ? argument(args, 2) : found;
}

function regex(text: Value, subject: Value): Value {
  const match = pattern(text).exec(toText(subject));
  if (!match) throw new ExpressionError(`${describe(subject)} does not match ${toText(text)}`);
  return captures(match);
}

function replace(subject: Value, search: Value, replacement: Value): string {
  const wanted = toText(search);
  const isPattern = wanted.length > 1 && wanted.startsWith('/') && wanted.endsWith('/');
  return isPattern
    ? toText(subject).replace(
        pattern(wanted.slice(1, -1), 'g'),
        toText(replacement).replaceAll(/\$\{?(\d+)\}?/g, '$$$1'),
      )
    : toText(subject).split(wanted).join(toText(replacement));
}

function contains(items: Value, wanted: Value): boolean {
  return toList(items).some((item) => equal(item, wanted));
}

function substring(text: Value, offset: Value, count: Value): string {
  const characters = [...toText(text)];
  const start = toNumber(offset) < 0 ? characters.length + toNumber(offset) : toNumber(offset);
  const wanted = toNumber(count);
  return characters.slice(start, wanted < 0 ? undefined : start + wanted).join('');
}

function parseInteger(text: Value, base: Value): number {
  const number = Number.parseInt(toText(text), toNumber(base));
  if (Number.isNaN(number))
    throw new ExpressionError(`${describe(text)} is not a number of base ${toNumber(base)}`);
  return number;
}

function coalesce(args: Value[]): Value {
  const found = args.find((arg) => arg !== null && arg !== '');
  if (found === undefined) throw new ExpressionError('coalesce() found no value');
  return found;
}

function decodeJson(text: Value): Value {
  try {
    return JSON.parse(toText(text)) as Value;
  } catch (error) {
    throw new ExpressionError(`jsondecode() failed: ${(error as Error).message}`);
  }
}

function range(args: Value[]): number[] {
  const [first = 0, second, third = 1] = args.map(toNumber);
  const [start, limit, step] = second === undefined ? [0, first, 1] : [first, second, third];
  if (step === 0) throw new ExpressionError('range() needs a step other than 0');
  const count = Math.max(0, Math.ceil((limit - start) / step));
  return Array.from({ length: count }, (_, index) => start + index * step);
}

const unary =
  (apply: (value: Value) => Value): TerraformFunction =>
  (...args) =>
    apply(argument(args, 0));

const binary =
  (apply: (a: Value, b: Value) => Value): TerraformFunction =>
  (...args) =>
    apply(argument(args, 0), argument(args, 1));

const ternary =
  (apply: (a: Value, b: Value, c: Value) => Value): TerraformFunction =>
  (...args) =>
    apply(argument(args, 0), argument(args, 1), argument(args, 2));

export const FUNCTIONS: Record<string, TerraformFunction> = {
  abs: unary((value) => Math.abs(toNumber(value))),
  alltrue: unary((items) => toList(items).every(toBoolean)),
  anytrue: unary((items) => toList(items).some(toBoolean)),
  ceil: unary((value) => Math.ceil(toNumber(value))),
  coalesce: (...args) => coalesce(args),
  compact: unary((items) => toList(items).filter((item) => item !== null && item !== '')),
  concat: (...args) => args.flatMap(toList),
  contains: binary(contains),
  distinct: unary((items) => distinct(toList(items))),
  element: binary((items, index) => {
    const list = toList(items);
    if (list.length === 0) throw new ExpressionError('element() of an empty list');
    return argument(list, toNumber(index) % list.length);
  }),
  endswith: binary((text, end) => toText(text).endsWith(toText(end))),
  flatten: unary((items) => (toList(items) as unknown[]).flat(Number.POSITIVE_INFINITY) as Value[]),
  floor: unary((value) => Math.floor(toNumber(value))),
  format: (...args) => format(args),
  join: binary((separator, items) => toList(items).map(toText).join(toText(separator))),
  jsondecode: unary(decodeJson),
  jsonencode: unary(encodeJson),
  keys: unary((map) => sortedEntries(map).map(([key]) => key)),
  length: unary(length),
  lookup: (...args) => lookup(args),
  lower: unary((text) => toText(text).toLowerCase()),
  max: (...args) => Math.max(...numbers(args)),
  merge: (...args) => merge(args),
  min: (...args) => Math.min(...numbers(args)),
  parseint: binary(parseInteger),
  range: (...args) => range(args),
  regex: binary(regex),
  regexall: binary((text, subject) => [...toText(subject).matchAll(pattern(text, 'g'))].map(captures)),
  replace: ternary(replace),
  signum: unary((value) => Math.sign(toNumber(value))),
  split: binary((separator, text) => toText(text).split(toText(separator))),
  startswith: binary((text, start) => toText(text).startsWith(toText(start))),
  strcontains: binary((text, part) => toText(text).includes(toText(part))),
  substr: ternary(substring),
  sum: unary((items) => numbers(toList(items)).reduce((a, b) => a + b)),
  tobool: unary((value) => (value === null ? null : toBoolean(value))),
  tolist: unary((items) => toList(items)),
  tomap: unary((map) => toObject(map)),
  tonumber: unary((value) => (value === null ? null : toNumber(value))),
  toset: unary((items) => distinct(toList(items)).sort()),
  tostring: unary((value) => (value === null ? null : toText(value))),
  trimspace: unary((text) => toText(text).trim()),
  trimprefix: binary((text, start) =>
    toText(text).startsWith(toText(start)) ? toText(text).slice(toText(start).length) : toText(text),
  ),
  trimsuffix: binary((text, end) =>
    toText(end) && toText(text).endsWith(toText(end))
      ? toText(text).slice(0, -toText(end).length)
      : toText(text),
  ),
  upper: unary((text) => toText(text).toUpperCase()),
  values: unary((map) => sortedEntries(map).map(([, value]) => value)),
};
