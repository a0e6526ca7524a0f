import { expect, it } from 'vitest';
import { table } from '../../../src/cli/report/table.ts';

it('columns are as wide as their widest cell, names to the left and numbers to the right', () => {
  const rows = [
    ['one', '1'],
    ['twenty-two', '22'],
  ];
  expect(table(['name', 'count'], rows)).toBe(
    ['name        count', 'one             1', 'twenty-two     22'].join('\n'),
  );
  expect(table(['name'], [])).toBe('');
});

it('a table too wide for a terminal loses the middle of its longest names, and none where there is no terminal', () => {
  const name = `begin${'-'.repeat(100)}end`;
  const lines = table(['name', 'count'], [[name, '1']], 80).split('\n');
  expect(lines.map((line) => line.length)).toEqual([80, 80]);
  expect(lines[1]).toMatch(/^begin-+…-+end {6}1$/);
  expect(table(['name', 'count'], [[name, '1']])).toContain(name);
});

it('has room for more rows than a call can take as arguments', () => {
  const rows = Array<string[]>(200_000).fill(['one', '1']);
  expect(table(['name', 'count'], rows).split('\n')).toHaveLength(200_001);
});
