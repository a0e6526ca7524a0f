/** Those of Terraform's built-in functions that the stack uses. Any other is an error that names it. */
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
  toSet,
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

function length(value: Value): number {
  if (typeof value === 'string') return [...value].length;
  if (Array.isArray(value)) return value.length;
  if (isObject(value)) return Object.keys(value).length;
  throw new ExpressionError(`length() needs a string, a list or a map, got ${describe(value)}`);
}

/** A pattern of Terraform's (RE2) for JavaScript. Syntax that means something else there is refused. */
function pattern(text: Value): RegExp {
  const source = toText(text);
  if (/\(\?[^:P]|\[AzpPQ]|\[\[:/.test(source))
    throw new ExpressionError(`the pattern ${source} is not supported`);
  return new RegExp(source.replaceAll('(?P<', '(?<'), 'u');
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

/** Values that are no list are the same in each text. */
function formatList([template, ...values]: Value[]): Value[] {
  const length = values.find((value) => Array.isArray(value))?.length ?? 1;
  return Array.from({ length }, (_, index) =>
    format([template ?? '', ...values.map((value) => (Array.isArray(value) ? (value[index] ?? '') : value))]),
  );
}

function zipMap(names: Value, items: Value): Value {
  return Object.fromEntries(toList(names).map((name, index) => [toText(name), toList(items)[index] ?? null]));
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

function contains(items: Value, wanted: Value): boolean {
  return toList(items).some((item) => equal(item, wanted));
}

function coalesce(args: Value[]): Value {
  const found = args.find((arg) => arg !== null && arg !== '');
  if (found === undefined) throw new ExpressionError('coalesce() found no value');
  return found;
}

const unary =
  (apply: (value: Value) => Value): TerraformFunction =>
  (...args) =>
    apply(argument(args, 0));

const binary =
  (apply: (a: Value, b: Value) => Value): TerraformFunction =>
  (...args) =>
    apply(argument(args, 0), argument(args, 1));

export const FUNCTIONS: Record<string, TerraformFunction> = {
  alltrue: unary((items) => toList(items).every(toBoolean)),
  coalesce: (...args) => coalesce(args),
  concat: (...args) => args.flatMap(toList),
  contains: binary(contains),
  floor: unary((value) => Math.floor(toNumber(value))),
  format: (...args) => format(args),
  formatlist: (...args) => formatList(args),
  join: binary((separator, items) => toList(items).map(toText).join(toText(separator))),
  jsonencode: unary(encodeJson),
  keys: unary((map) => sortedEntries(map).map(([key]) => key)),
  length: unary(length),
  lookup: (...args) => lookup(args),
  max: (...args) => Math.max(...args.map(toNumber)),
  min: (...args) => Math.min(...args.map(toNumber)),
  regex: binary(regex),
  tolist: unary(toList),
  tonumber: unary((value) => (value === null ? null : toNumber(value))),
  toset: unary(toSet),
  values: unary((map) => sortedEntries(map).map(([, value]) => value)),
  zipmap: binary(zipMap),
};
