import { TerraformError } from '../terraform/errors.ts';

type Pattern = { [key: string]: Pattern | Rule[] };
type Rule = string | number | boolean | null | Record<string, unknown>;
type Matcher = (value: unknown) => boolean;

const COMPARISONS: Record<string, (a: number, b: number) => boolean> = {
  '=': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/**
 * An event filter pattern as a predicate: lists of values, `exists`, `numeric`, `prefix`, `suffix` and `anything-but`.
 * @throws TerraformError for any other rule
 */
export function compileFilter(address: string, pattern: unknown): (event: unknown) => boolean {
  if (typeof pattern !== 'object' || pattern === null || Array.isArray(pattern)) {
    throw new TerraformError(address, `a filter pattern must be an object, not ${JSON.stringify(pattern)}`);
  }
  const parts = Object.entries(pattern as Pattern).map(([key, inner]): Matcher => {
    const at = `${address}.${key}`;
    const matches = Array.isArray(inner) ? compileRules(at, inner) : compileFilter(at, inner);
    return (event) => matches(isObject(event) ? event[key] : undefined);
  });
  return (event) => parts.every((matches) => matches(event));
}

function compileRules(address: string, rules: Rule[]): Matcher {
  const matchers = rules.map((rule) => compileRule(address, rule));
  return (value) => {
    // A list in the event matches when any of its items does.
    const values = Array.isArray(value) ? value : [value];
    return matchers.some((matches) => values.some(matches));
  };
}

function compileRule(address: string, rule: Rule): Matcher {
  if (typeof rule !== 'object' || rule === null) return (value) => value === rule;
  const [[kind, operand] = ['', undefined], ...more] = Object.entries(rule);
  if (more.length === 0) {
    // `exists` is about leaves: an object in between does not count.
    if (kind === 'exists') return (value) => (value !== undefined && !isObject(value)) === operand;
    if (kind === 'prefix') return (value) => typeof value === 'string' && value.startsWith(String(operand));
    if (kind === 'suffix') return (value) => typeof value === 'string' && value.endsWith(String(operand));
    if (kind === 'numeric' && Array.isArray(operand)) return compileNumeric(address, operand);
    if (kind === 'anything-but' && !isObject(operand)) {
      const excluded = Array.isArray(operand) ? operand : [operand];
      return (value) => value !== undefined && !excluded.includes(value);
    }
  }
  throw new TerraformError(address, `the filter rule ${JSON.stringify(rule)} is not supported`);
}

function compileNumeric(address: string, operands: unknown[]): Matcher {
  const tests: ((value: number) => boolean)[] = [];
  for (let index = 0; index < operands.length; index += 2) {
    const compare = COMPARISONS[String(operands[index])];
    const limit = operands[index + 1];
    if (!compare || typeof limit !== 'number') {
      throw new TerraformError(address, `the numeric rule ${JSON.stringify(operands)} is not supported`);
    }
    tests.push((value) => compare(value, limit));
  }
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
