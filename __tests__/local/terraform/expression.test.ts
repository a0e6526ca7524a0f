// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import { describe, expect, it } from 'vitest';
import { ExpressionError } from '../../../src/local/terraform/errors.ts';
import { evaluateConfiguration, type Scope } from '../../../src/local/terraform/evaluate.ts';
import type { Value } from '../../../src/local/terraform/value.ts';

const KNOWN: Record<string, Value> = {
  'var.count': 5,
  'var.name': 'smoother',
  'var.list': ['a', 'b', 'c'],
  'var.quotas': { b: { rpm: 2, tpm: null }, a: { rpm: 1, tpm: 10 } },
  'aws_sqs_queue.input.arn': 'arn:input',
};

const scope: Scope = (path) => {
  for (const used of [2, 3]) {
    const value = KNOWN[path.slice(0, used).join('.')];
    if (value !== undefined) return { value, used };
  }
  throw new ExpressionError(`unknown reference ${path.join('.')}`);
};
const evaluate = (text: string) => evaluateConfiguration(text, scope);

describe('a value', () => {
  it.each([
    ['plain text', 'plain text'],
    ['$${not} %%{this}', '${not} %{this}'],
    ['a-${var.name}-${var.count}', 'a-smoother-5'],
    ['${var.count}', 5],
    ['${aws_sqs_queue.input.arn}/*', 'arn:input/*'],
    ['${var.quotas.a.rpm}', 1],
    ['${var.quotas["b"]["rpm"]}', 2],
    ['${var.list[var.count - 4]}', 'b'],
    ['${var.list.0}', 'a'],
    ['${"nested ${join("", ["X", var.name])} \\"quoted\\" \\u0041\\n"}', 'nested Xsmoother "quoted" A\n'],
    ['${values(var.quotas)[*].rpm}', [1, 2]],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  it('is evaluated inside lists and objects, keys too', () => {
    expect(evaluateConfiguration({ '${var.name}': [{ on: true }, '${!false}'] }, scope)).toEqual({
      smoother: [{ on: true }, true],
    });
  });
});

describe('an operator', () => {
  it.each([
    ['1 + 2 * 3 - 4 / 2', 5],
    ['(1 + 2) * 3', 9],
    ['-2 + 7 % 4', 1],
    ['1 < 2 && 2 <= 2 || false', true],
    ['!true == false', true],
    ['"5" == 5', false],
    ['"2" + 1', 3],
    ['[1, 2] == [1, 2]', true],
    ['var.count >= 1 && var.count <= 10 && floor(var.count) == var.count ? "ok" : "bad"', 'ok'],
    ['false && var.missing', false],
  ])('%s', (expression, expected) => {
    expect(evaluate(`\${${expression}}`)).toEqual(expected);
  });
});

describe('a for expression', () => {
  it.each([
    ['[for item in var.list : "${item}!" if item != "b"]', ['a!', 'c!']],
    ['[for name, quota in var.quotas : "${name}=${quota.rpm}"]', ['a=1', 'b=2']],
    ['[for index, item in var.list : index]', [0, 1, 2]],
    ['{for name, quota in var.quotas : name => quota.rpm}', { a: 1, b: 2 }],
    [
      '{for item in var.list : (item == "a" ? "first" : "rest") => item...}',
      { first: ['a'], rest: ['b', 'c'] },
    ],
  ])('%s', (expression, expected) => {
    expect(evaluate(`\${${expression}}`)).toEqual(expected);
  });
});

describe('a function', () => {
  it.each([
    ['can(regex("^[a-z]+$", var.name))', true],
    ['can(regex("^[0-9]+$", var.name))', false],
    ['can(var.missing)', false],
    ['try(var.missing, tonumber("x"), tonumber("12"))', 12],
    ['try(tonumber(null), 1)', null],
    ['regex("(?P<head>s.)(?P<tail>o)", var.name)', { head: 'sm', tail: 'o' }],
    ['alltrue([for q in values(var.quotas) : coalesce(q.tpm, 1) > 0])', true],
    ['contains(var.list, "c")', true],
    ['length(var.name) + length(var.list) + length(var.quotas)', 13],
    ['join(",", concat(var.list, ["d"]))', 'a,b,c,d'],
    ['format("%s-%d-%%", var.name, 3)', 'smoother-3-%'],
    ['jsonencode({b = [1, true, null], a = "<&>"})', '{"a":"\\u003c\\u0026\\u003e","b":[1,true,null]}'],
    ['lookup({a = 1}, "z", 7)', 7],
    ['keys(var.quotas)', ['a', 'b']],
  ])('%s', (expression, expected) => {
    expect(evaluate(`\${${expression}}`)).toEqual(expected);
  });
});

describe('what is not understood is an error that says what', () => {
  it.each([
    ['${var.missing}', 'var.missing'],
    ['${cidrsubnet("10.0.0.0/8", 8, 1)}', 'cidrsubnet()'],
    ['${can(cidrsubnet("10.0.0.0/8"))}', 'cidrsubnet()'],
    ['${try(cidrsubnet("10.0.0.0/8"), 1)}', 'cidrsubnet()'],
    ['${try(var.missing, tonumber("x"))}', 'try()'],
    ['%{if true}x%{endif}', 'directives'],
    ['${1 +}', 'expected an expression'],
    ['${var.count', 'expected `}`'],
    ['${var.list[7]}', 'outside a list of 3'],
    ['${var.quotas.c}', 'there are: b, a'],
    ['a${var.list}', 'expected a string, got a list'],
    ['${1 / 0}', 'division by zero'],
    ['${var.count ? 1 : 2}', 'expected true or false, got the number 5'],
    ['${{for item in var.list : "k" => item}}', 'one key twice'],
    ['${regex("(?i)x", "X")}', 'is not supported'],
  ])('%s', (text, message) => {
    expect(() => evaluate(text)).toThrow(ExpressionError);
    expect(() => evaluate(text)).toThrow(message);
  });
});
