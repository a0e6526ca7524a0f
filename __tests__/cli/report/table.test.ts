import { expect, test } from 'vitest';
import { table } from '../../../src/cli/report/table.ts';

test('columns are as wide as their widest cell, numbers to the right', () => {
  const rows = [
    ['one', '1'],
    ['twenty-two', '22'],
  ];
  expect(table(['name', 'count'], rows)).toBe(
    ['name         count', 'one              1', 'twenty-two      22'].join('\n'),
  );
  expect(table(['name', 'count'], rows, () => true)).toBe(
    ['name         count', 'one          1', 'twenty-two   22'].join('\n'),
  );
  expect(table(['name'], [])).toBe('');
});
