import { expect, it } from 'vitest';
import { dollars, duration, percent, short } from '../../../src/cli/report/numbers.ts';

it.each([
  [0.5, '0.5'],
  [8, '8'],
  [9.96, '10'],
  [41.3, '41'],
  [999.4, '999'],
  [999.6, '1.0k'],
  [1_234, '1.2k'],
  [999_400, '999k'],
  [999_960, '1.0M'],
  [2_000_000, '2M'],
  [-1_234, '-1.2k'],
])('writes %d short: %s', (value, text) => expect(short(value)).toBe(text));

it.each([
  [40.2, '40 ms'],
  [999.6, '1.0 s'],
  [3_500, '3.5 s'],
  [9_960, '10 s'],
  [599_400, '599 s'],
  [599_600, '10 min'],
  [119.4 * 60_000, '119 min'],
  [119.6 * 60_000, '2.0 h'],
  [902 * 60_000, '15 h'],
  [47.6 * 3_600_000, '2.0 days'],
  [14 * 24 * 3_600_000, '14 days'],
  [-300_000, '0 ms'],
])('writes %d milliseconds as %s', (value, text) => expect(duration(value)).toBe(text));

it.each([
  [0, 1, '0.0 %'],
  [0.0004, 1, '< 0.1 %'],
  [0.004, 0, '< 1 %'],
  [0.9754, 1, '97.5 %'],
  [0.9996, 1, '> 99.9 %'],
  [0.996, 0, '> 99 %'],
  [1, 1, '100.0 %'],
  [1.004, 0, '100 %'],
])('writes the part %d with %d decimals as %s', (value, digits, text) =>
  expect(percent(value, digits)).toBe(text),
);

it.each([
  [0, '$0'],
  [1e-7, '< $0.000001'],
  [0.004_24, '$0.0042'],
  [0.009_99, '$0.010'],
  [0.099_9, '$0.10'],
  [12.3, '$12.30'],
  [99.996, '$100'],
  [4_500, '$4.5k'],
])('writes %d dollars as %s', (value, text) => expect(dollars(value)).toBe(text));
