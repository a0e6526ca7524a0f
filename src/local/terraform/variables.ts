/** Variables of a stack: types, defaults and validations. */
import { ExpressionError, VariableError, type VariableMistake } from './errors.ts';
import { evaluateConfiguration, type Scope } from './evaluate.ts';
import { parseExpression } from './expression.ts';
import type { Expression } from './syntax.ts';
import {
  describe,
  isObject,
  toBoolean,
  toList,
  toNumber,
  toObject,
  toSet,
  toText,
  type Value,
} from './value.ts';

export interface VariableDeclaration {
  type?: string;
  default?: unknown;
  nullable?: boolean;
  validation?: { condition: string; error_message: string }[];
}

export interface CheckedVariables {
  values: Record<string, Value>;
  mistakes: VariableMistake[];
}

/**
 * Gives every declared variable its value, converted to its type, and enforces its validations.
 * @throws VariableError for all that are missing, undeclared, mistyped or invalid
 */
export function evaluateVariables(
  declarations: Record<string, VariableDeclaration>,
  given: Record<string, unknown>,
): Record<string, Value> {
  const { values, mistakes } = checkVariables(declarations, given);
  const undeclared = Object.keys(given)
    .filter((name) => !Object.hasOwn(declarations, name))
    .map((variable) => ({ variable, problem: 'the stack declares no such variable' }));
  const all = [...undeclared, ...mistakes];
  if (all.length > 0) throw new VariableError(all);
  return values;
}

/** Values of the declared variables, and whatever is wrong with what was given. */
export function checkVariables(
  declarations: Record<string, VariableDeclaration>,
  given: Record<string, unknown>,
): CheckedVariables {
  const values: Record<string, Value> = {};
  const mistakes: VariableMistake[] = [];
  const attempt = (variable: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      mistakes.push({ variable, problem: error.message });
    }
  };
  for (const [name, declaration] of Object.entries(declarations)) {
    attempt(name, () => {
      values[name] = initialValue(name, declaration, given);
    });
  }
  const scope: Scope = ([root, name, ...rest]) => {
    const value = root === 'var' && name !== undefined ? values[name] : undefined;
    if (value !== undefined) return { value, used: 2 };
    // What is wrong with the other variable has been said.
    if (root === 'var' && mistakes.some(({ variable }) => variable === name)) throw new BrokenReference();
    throw new ExpressionError(`unknown reference ${[root, name, ...rest].join('.')}`);
  };
  for (const name of Object.keys(values)) {
    for (const rule of declarations[name]?.validation ?? []) attempt(name, () => validate(rule, scope));
  }
  return { values, mistakes };
}

/** A validation asks for a variable that has no value because of a mistake of its own. */
class BrokenReference extends Error {}

function initialValue(name: string, declaration: VariableDeclaration, given: Record<string, unknown>): Value {
  const unset = given[name] === undefined || (given[name] === null && declaration.nullable === false);
  const value = unset ? declaration.default : given[name];
  if (value === undefined) throw new ExpressionError('a value is required, and none was given');
  return declaration.type ? convert(value as Value, parseExpression(declaration.type)) : (value as Value);
}

function validate(rule: { condition: string; error_message: string }, scope: Scope): void {
  if (holds(rule.condition, scope)) return;
  throw new ExpressionError(toText(evaluateConfiguration(rule.error_message, scope)));
}

function holds(condition: string, scope: Scope): boolean {
  try {
    return toBoolean(evaluateConfiguration(condition, scope));
  } catch (error) {
    if (error instanceof BrokenReference) return true;
    if (error instanceof ExpressionError) throw new ExpressionError(`${error.message}, in its validation`);
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
function convert(value: Value, type: Expression): Value {
  if (value === null) return null;
  if (type.kind === 'variable') {
    const primitive = PRIMITIVES[type.name];
    if (primitive) return primitive(value);
  }
  if (type.kind === 'call') {
    const [inner] = type.args;
    if (inner && type.name === 'list') return toList(value).map((item) => convert(item, inner));
    if (inner && type.name === 'set') return toSet(toList(value).map((item) => convert(item, inner)));
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
