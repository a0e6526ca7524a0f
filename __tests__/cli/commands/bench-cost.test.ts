import { expect, it } from 'vitest';
import { costTable } from '../../../src/cli/commands/bench-cost.ts';
import type { Cost } from '../../../src/lab/cost/cost.ts';

const CASE = { lanes: 1, inputBytes: 2_048, outputBytes: 1_024, callSeconds: 5, workerMemory: 256 };

it('costs are shown case by case, purpose by purpose, the dearest first', () => {
  const idle: Cost = {
    ...CASE,
    rate: 0,
    usdPerMonth: 5,
    lines: [
      ['queues', 1],
      ['monitoring', 4],
    ],
  };
  const busy: Cost = {
    ...CASE,
    ...{ rate: 10, usdPerMonth: 304, usdPerMillion: 11.57 },
    lines: [
      ['records', 200],
      ['queues', 100],
      ['monitoring', 4],
    ],
  };
  expect(costTable([idle, busy]).split('\n')).toEqual([
    'requests a second  idle     10',
    'lanes                 1      1',
    'a million             –  11.57',
    'a month            5.00    304',
    'records            0.00    200',
    'queues             1.00    100',
    'monitoring         4.00   4.00',
  ]);
});
