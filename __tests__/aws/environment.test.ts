import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/aws/environment.ts';
import { EnvironmentError } from '../../src/aws/errors.ts';
import { flag, number, text } from '../../src/core/layout/variable-rules.ts';

const rules = { LANES_TABLE: text, TIMEOUT: number({ min: 1, max: 900, unit: 'seconds' }) };

describe('readEnvironment', () => {
  it('reads texts and numbers', () => {
    expect(readEnvironment(rules, { LANES_TABLE: 'lanes', TIMEOUT: '30', OTHER: 'x' })).toEqual({
      LANES_TABLE: 'lanes',
      TIMEOUT: 30,
    });
  });

  it.each([
    [undefined, 'LANES_TABLE: missing'],
    ['', 'LANES_TABLE: missing'],
    ['  ', 'LANES_TABLE: missing'],
  ])('refuses %j as a text', (given, message) => {
    expect(() => readEnvironment(rules, { LANES_TABLE: given, TIMEOUT: '30' })).toThrow(
      new EnvironmentError([message]),
    );
  });

  it.each(['0', '901', 'abc', '30s', 'NaN', 'Infinity'])('refuses %j as a number from 1 to 900', (given) => {
    expect(() => readEnvironment(rules, { LANES_TABLE: 'lanes', TIMEOUT: given })).toThrow(
      `TIMEOUT: must be a number from 1 to 900, seconds; is "${given}"`,
    );
  });

  it('reads true and false, and nothing like them', () => {
    const read = (ON: string) => readEnvironment({ ON: flag }, { ON }).ON;
    expect([read('true'), read('false')]).toEqual([true, false]);
    for (const odd of ['1', 'TRUE', 'yes', 'constructor']) {
      expect(() => read(odd)).toThrow(`ON: must be true or false; is "${odd}"`);
    }
  });

  it('names everything that is wrong at once', () => {
    expect(() => readEnvironment(rules, {})).toThrow(/LANES_TABLE.*TIMEOUT/);
  });
});
