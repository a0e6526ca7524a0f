import { TerraformError } from '../terraform/errors.ts';

type Pattern = { [key: string]: Pattern | Rule[] };
type Rule = string | number | boolean | null | Record<string, unknown>;
type Matcher = (value: unknown) => boolean;

/**
 * An event filter pattern as a predicate: lists of values, and `exists`.
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
  if (!isObject(rule)) return (value) => value === rule;
  const [[kind, operand] = ['', undefined], ...more] = Object.entries(rule);
  if (kind === 'exists' && more.length === 0) {
    // `exists` is about leaves: an object in between does not count.
    return (value) => (value !== undefined && !isObject(value)) === operand;
  }
  throw new TerraformError(address, `the filter rule ${JSON.stringify(rule)} is not supported`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
