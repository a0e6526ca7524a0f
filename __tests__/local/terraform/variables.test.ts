// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import { describe, expect, it } from 'vitest';
import { VariableError } from '../../../src/local/terraform/errors.ts';
import { evaluateVariables } from '../../../src/local/terraform/variables.ts';

const QUOTAS = 'map(object({rpm = number, tpm = optional(number), burst = optional(number, 2)}))';

describe('variables', () => {
  it('take the given value, or the default, converted to the type', () => {
    const declarations = {
      size: { type: 'number', default: 1 },
      name: { type: 'string', default: 'x' },
      on: { type: 'bool' },
      names: { type: 'list(string)', default: [] },
      quotas: { type: QUOTAS, default: {} },
    };
    expect(
      evaluateVariables(declarations, {
        size: '7',
        on: 'true',
        names: ['a', 2],
        quotas: { m: { rpm: '3', extra: 1 } },
      }),
    ).toEqual({
      size: 7,
      name: 'x',
      on: true,
      names: ['a', '2'],
      quotas: { m: { rpm: 3, tpm: null, burst: 2 } },
    });
  });

  it.each([
    [{ size: {} }, {}, 'var.size: a value is required'],
    [{}, { size: 1 }, 'var.size: the stack declares no such variable'],
    [{ size: { type: 'number' } }, { size: 'many' }, 'var.size: expected a number, got the string "many"'],
    [{ size: { type: QUOTAS } }, { size: { m: {} } }, 'var.size: attribute "rpm" is required'],
    [{ size: { type: 'list(magic)' } }, { size: [1] }, 'var.size: the type constraint is not supported'],
  ])('%j with %j: %s', (declarations, given, message) => {
    expect(() => evaluateVariables(declarations, given)).toThrow(message);
  });

  it('that break a validation are refused in its own words', () => {
    const validation = [
      { condition: '${var.size <= var.limit}', error_message: 'size ${var.size} is over the limit.' },
    ];
    const declarations = { size: { type: 'number', validation }, limit: { default: 3 } };
    expect(evaluateVariables(declarations, { size: 3 })).toEqual({ size: 3, limit: 3 });
    expect(() => evaluateVariables(declarations, { size: 4 })).toThrow(VariableError);
    expect(() => evaluateVariables(declarations, { size: 4 })).toThrow('var.size: size 4 is over the limit.');
  });

  it('are all judged before anything is said, and a mistake counts once', () => {
    const validation = [{ condition: '${var.size <= var.limit}', error_message: 'over the limit.' }];
    const declarations = { size: { type: 'number', validation }, limit: { type: 'number' }, name: {} };
    const judge = () => evaluateVariables(declarations, { size: 1, limit: 'high', colour: 'red' });
    expect(judge).toThrow(
      /^var\.colour: .+\nvar\.limit: expected a number.+\nvar\.name: a value is required.+$/,
    );
  });

  it('may not be null when they say so', () => {
    expect(evaluateVariables({ size: { default: 1, nullable: false } }, { size: null })).toEqual({ size: 1 });
    expect(evaluateVariables({ size: { default: 1 } }, { size: null })).toEqual({ size: null });
  });
});
