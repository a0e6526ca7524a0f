import { ExpressionError } from './errors.ts';
import { parseTemplate } from './expression.ts';
import { FUNCTIONS } from './functions.ts';
import type { Expression, ForExpression } from './syntax.ts';
import * as convert from './value.ts';
import { equal, isObject, type Value } from './value.ts';

/** Looks names up: gives the value of the longest start of `path` that it knows, and the number of parts it used. */
export type Scope = (path: string[]) => { value: Value; used: number };

/** Evaluates a JSON configuration value, in which every string is a template. */
export function evaluateConfiguration(configuration: unknown, scope: Scope): Value {
  if (typeof configuration === 'string') {
    // Most strings are plain and need no parsing.
    return /[$%]\{/.test(configuration) ? evaluate(parseTemplate(configuration), scope) : configuration;
  }
  if (Array.isArray(configuration)) return configuration.map((item) => evaluateConfiguration(item, scope));
  if (typeof configuration === 'object' && configuration !== null) {
    return Object.fromEntries(
      Object.entries(configuration).map(([key, item]) => [
        convert.toText(evaluateConfiguration(key, scope)),
        evaluateConfiguration(item, scope),
      ]),
    );
  }
  return configuration as Value;
}

function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'template':
      return expression.parts.map((part) => convert.toText(evaluate(part, scope))).join('');
    case 'tuple':
      return expression.items.map((item) => evaluate(item, scope));
    case 'object':
      return Object.fromEntries(
        expression.entries.map(({ key, value }) => [
          convert.toText(evaluate(key, scope)),
          evaluate(value, scope),
        ]),
      );
    case 'variable':
    case 'index':
      return evaluateTraversal(expression, scope);
    case 'splat':
      return evaluateSplat(expression, scope);
    case 'call':
      return evaluateCall(expression, scope);
    case 'unary':
      return expression.operator === '!'
        ? !convert.toBoolean(evaluate(expression.operand, scope))
        : -convert.toNumber(evaluate(expression.operand, scope));
    case 'binary':
      return evaluateBinary(expression.operator, expression.left, expression.right, scope);
    case 'conditional':
      return convert.toBoolean(evaluate(expression.condition, scope))
        ? evaluate(expression.then, scope)
        : evaluate(expression.otherwise, scope);
    case 'for':
      return evaluateFor(expression, scope);
  }
}

/** `a.b["c"][i]`: the part up to the first computed key is looked up as one path, the rest is taken from its value. */
function evaluateTraversal(expression: Expression, scope: Scope): Value {
  const keys: Expression[] = [];
  let root = expression;
  while (root.kind === 'index') {
    keys.unshift(root.key);
    root = root.of;
  }
  if (root.kind !== 'variable')
    return keys.reduce((of, key) => take(of, evaluate(key, scope)), evaluate(root, scope));
  const firstDynamic = keys.findIndex((key) => key.kind !== 'literal');
  const path = [root.name, ...keys.slice(0, firstDynamic < 0 ? keys.length : firstDynamic).map(literalText)];
  const { value, used } = scope(path);
  return keys.slice(used - 1).reduce((of, key) => take(of, evaluate(key, scope)), value);
}

const literalText = (key: Expression) => (key.kind === 'literal' ? String(key.value) : '');

function take(of: Value, key: Value): Value {
  if (Array.isArray(of)) {
    const item = of[convert.toNumber(key)];
    if (item === undefined) throw new ExpressionError(`index ${key} is outside a list of ${of.length}`);
    return item;
  }
  if (!isObject(of)) throw new ExpressionError(`cannot take "${key}" of ${convert.describe(of)}`);
  const item = Object.hasOwn(of, convert.toText(key)) ? of[convert.toText(key)] : undefined;
  if (item === undefined) {
    throw new ExpressionError(`no attribute "${key}"; there are: ${Object.keys(of).join(', ') || 'none'}`);
  }
  return item;
}

function evaluateSplat(splat: Extract<Expression, { kind: 'splat' }>, scope: Scope): Value {
  const of = evaluate(splat.of, scope);
  const items = Array.isArray(of) ? of : of === null ? [] : [of];
  return items.map((item) => splat.keys.reduce<Value>((at, key) => take(at, evaluate(key, scope)), item));
}

function evaluateCall(call: Extract<Expression, { kind: 'call' }>, scope: Scope): Value {
  if (call.name === 'can') return call.args.every((argument) => succeeds(argument, scope));
  if (call.name === 'try') return evaluateTry(call.args, scope);
  const implementation = Object.hasOwn(FUNCTIONS, call.name) ? FUNCTIONS[call.name] : undefined;
  if (!implementation) throw new UnknownFunctionError(`the function ${call.name}() is not supported`);
  const args = call.args.map((argument) => evaluate(argument, scope));
  return implementation(...args);
}

/** An unknown function is our limit, not a failure of the expression, so can() and try() must not hide it. */
class UnknownFunctionError extends ExpressionError {}

function succeeds(expression: Expression, scope: Scope): boolean {
  return attempt(expression, scope) !== undefined;
}

/** The first that can be evaluated. */
function evaluateTry(expressions: Expression[], scope: Scope): Value {
  for (const expression of expressions) {
    const value = attempt(expression, scope);
    if (value !== undefined) return value;
  }
  throw new ExpressionError('try() found nothing that can be evaluated');
}

/** Undefined when it cannot be evaluated. */
function attempt(expression: Expression, scope: Scope): Value | undefined {
  try {
    return evaluate(expression, scope);
  } catch (error) {
    if (error instanceof ExpressionError && !(error instanceof UnknownFunctionError)) return undefined;
    throw error;
  }
}

function evaluateBinary(operator: string, left: Expression, right: Expression, scope: Scope): Value {
  const a = evaluate(left, scope);
  // Terraform 1.12 and later do not evaluate the second operand when the first decides.
  if (operator === '&&') return convert.toBoolean(a) && convert.toBoolean(evaluate(right, scope));
  if (operator === '||') return convert.toBoolean(a) || convert.toBoolean(evaluate(right, scope));
  const b = evaluate(right, scope);
  if (operator === '==') return equal(a, b);
  if (operator === '!=') return !equal(a, b);
  const x = convert.toNumber(a);
  const y = convert.toNumber(b);
  const arithmetic: Record<string, () => Value> = {
    '<': () => x < y,
    '<=': () => x <= y,
    '>': () => x > y,
    '>=': () => x >= y,
    '+': () => x + y,
    '-': () => x - y,
    '*': () => x * y,
    '/': () => {
      if (y === 0) throw new ExpressionError('division by zero');
      return x / y;
    },
    '%': () => x % y,
  };
  const apply = arithmetic[operator];
  if (!apply) throw new ExpressionError(`the operator ${operator} is not supported`);
  return apply();
}

function evaluateFor(loop: ForExpression, scope: Scope): Value {
  const collection = evaluate(loop.collection, scope);
  const pairs: [Value, Value][] = Array.isArray(collection)
    ? collection.map((item, index) => [index, item])
    : convert.sortedEntries(collection);
  const results: [string, Value][] = [];
  for (const [key, value] of pairs) {
    const inner: Scope = (path) => {
      if (path[0] === loop.valueName) return { value, used: 1 };
      if (path[0] === loop.keyName) return { value: key, used: 1 };
      return scope(path);
    };
    if (loop.condition && !convert.toBoolean(evaluate(loop.condition, inner))) continue;
    const resultKey = loop.key ? convert.toText(evaluate(loop.key, inner)) : '';
    results.push([resultKey, evaluate(loop.value, inner)]);
  }
  if (!loop.key) return results.map(([, value]) => value);
  if (!loop.grouped) {
    if (new Set(results.map(([key]) => key)).size < results.length)
      throw new ExpressionError('a for expression gives one key twice');
    return Object.fromEntries(results);
  }
  const groups: Record<string, Value[]> = {};
  for (const [key, value] of results) groups[key] = [...(groups[key] ?? []), value];
  return groups;
}
