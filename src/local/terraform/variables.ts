import { readFile } from 'node:fs/promises';
import hcl2json from '@cdktf/hcl2json';
import { ExpressionError, VariableError } from './errors.ts';
import { evaluateConfiguration, type Scope } from './evaluate.ts';
import { parseExpression } from './expression.ts';
import type { Expression } from './syntax.ts';
import { describe, isObject, toBoolean, toList, toNumber, toObject, toText, type Value } from './value.ts';

export interface VariableDeclaration {
  type?: string;
  default?: unknown;
  nullable?: boolean;
  validation?: { condition: string; error_message: string }[];
}

/** Values of a `*.tfvars` file, in HCL or (`*.tfvars.json`) JSON. */
export async function readTfvars(file: string): Promise<Record<string, unknown>> {
  const text = await readFile(file, 'utf8');
  return file.endsWith('.json') ? JSON.parse(text) : await hcl2json.parse(file, text);
}

/**
 * Gives every declared variable its value, converted to its type, and enforces its validations.
 * @throws VariableError for a missing, undeclared, mistyped or invalid one
 */
export function evaluateVariables(
  declarations: Record<string, VariableDeclaration>,
  given: Record<string, unknown>,
): Record<string, Value> {
  const undeclared = Object.keys(given).find((name) => !Object.hasOwn(declarations, name));
  if (undeclared !== undefined)
    throw new VariableError(`var.${undeclared}`, 'the stack declares no such variable');
  const values: Record<string, Value> = {};
  for (const [name, declaration] of Object.entries(declarations)) {
    values[name] = initialValue(name, declaration, given);
  }
  const scope: Scope = ([root, name, ...rest]) => {
    const value = root === 'var' && name !== undefined ? values[name] : undefined;
    if (value === undefined)
      throw new ExpressionError(`unknown reference ${[root, name, ...rest].join('.')}`);
    return { value, used: 2 };
  };
  for (const [name, declaration] of Object.entries(declarations)) {
    for (const validation of declaration.validation ?? []) validate(name, validation, scope);
  }
  return values;
}

function initialValue(name: string, declaration: VariableDeclaration, given: Record<string, unknown>): Value {
  const address = `var.${name}`;
  const unset = given[name] === undefined || (given[name] === null && declaration.nullable === false);
  const value = unset ? declaration.default : given[name];
  if (value === undefined) throw new VariableError(address, 'a value is required, and none was given');
  try {
    return declaration.type ? convert(value as Value, parseExpression(declaration.type)) : (value as Value);
  } catch (error) {
    if (error instanceof ExpressionError) throw new VariableError(address, error.message);
    throw error;
  }
}

function validate(name: string, rule: { condition: string; error_message: string }, scope: Scope): void {
  const address = `var.${name}`;
  try {
    if (toBoolean(evaluateConfiguration(rule.condition, scope))) return;
    throw new VariableError(address, toText(evaluateConfiguration(rule.error_message, scope)));
  } catch (error) {
    if (error instanceof ExpressionError)
      throw new VariableError(address, `${error.message}, in its validation`);
    throw error;
  }
}

const PRIMITIVES: Record<string, (value: Value) => Value> = {
  string: toText,
  number: toNumber,
  bool: toBoolean,
  any: (value) => value,
};

/** Converts a value to a type constraint, e.g. `map(object({rpm=optional(number)}))`. */
export function convert(value: Value, type: Expression): Value {
  if (value === null) return null;
  if (type.kind === 'variable') {
    const primitive = PRIMITIVES[type.name];
    if (primitive) return primitive(value);
  }
  if (type.kind === 'call') {
    const [inner] = type.args;
    if (inner && (type.name === 'list' || type.name === 'set'))
      return toList(value).map((item) => convert(item, inner));
    if (inner && type.name === 'map') return mapValues(toObject(value), (item) => convert(item, inner));
    if (inner?.kind === 'object' && type.name === 'object') return convertObject(value, inner);
    if (inner?.kind === 'tuple' && type.name === 'tuple') {
      return inner.items.map((item, index) => convert(toList(value)[index] ?? null, item));
    }
  }
  throw new ExpressionError(`the type constraint is not supported: ${JSON.stringify(type)}`);
}

function convertObject(value: Value, type: Extract<Expression, { kind: 'object' }>): Value {
  if (!isObject(value)) throw new ExpressionError(`expected an object, got ${describe(value)}`);
  const result: { [key: string]: Value } = {};
  for (const entry of type.entries) {
    const name = entry.key.kind === 'literal' ? String(entry.key.value) : '';
    const given = value[name];
    const [inner, otherwise] =
      entry.value.kind === 'call' && entry.value.name === 'optional'
        ? entry.value.args
        : [undefined, undefined];
    if (given === undefined && !inner) throw new ExpressionError(`attribute "${name}" is required`);
    const fallback = otherwise ? evaluateDefault(otherwise) : null;
    result[name] = convert(given ?? fallback, inner ?? entry.value);
  }
  return result;
}

function evaluateDefault(expression: Expression): Value {
  if (expression.kind === 'literal') return expression.value;
  if (expression.kind === 'tuple') return expression.items.map(evaluateDefault);
  if (expression.kind === 'object') {
    return Object.fromEntries(
      expression.entries.map(({ key, value }) => [toText(evaluateDefault(key)), evaluateDefault(value)]),
    );
  }
  throw new ExpressionError("an attribute's default must be a constant");
}

function mapValues(object: { [key: string]: Value }, change: (value: Value) => Value): Value {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
