import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { evaluate, REQUIRED, synthesise } from '../../stack/synthesis.ts';

const read = (file: string) => readFileSync(path.resolve(import.meta.dirname, '../../../docs', file), 'utf8');
const stack = synthesise();

it('docs/operations.md explains every alarm', () => {
  const [, table = ''] = /^\| alarm .*?\n(.*?)\n\n/ms.exec(read('operations.md')) ?? [];
  const explained = table.split('\n').flatMap((row) => row.split('|')[1]?.match(/(?<=`)[\w-]+(?=`)/g) ?? []);
  const alarms = evaluate(stack, { ...REQUIRED, results_queues: ['nightly'] }).resources(
    'aws_cloudwatch_metric_alarm',
  );
  const names = alarms.map((alarm) =>
    alarm.text('alarm_name').replace('bedrock-request-smoother-', '').replace('nightly', 'NAME'),
  );
  expect(explained.toSorted()).toEqual(names.toSorted());
});

it('docs/deployment.md names outputs that exist', () => {
  const [, section = ''] = /^## Outputs\n(.*?)^## /ms.exec(read('deployment.md')) ?? [];
  const named = section.match(/(?<=`)\w+_(?:url|arn|name)(?=`)/g) ?? [];
  expect(named.length).toBeGreaterThan(5);
  expect(Object.keys(stack.output)).toEqual(expect.arrayContaining(named));
});

it('docs/producers.md and docs/operations.md say what each IAM policy among the outputs is for', () => {
  const policies = Object.keys(stack.output).filter((name) => /_polic(y|ies)_json$/.test(name));
  expect(policies.length).toBeGreaterThan(5);
  const pages = read('producers.md') + read('operations.md');
  expect(policies.filter((name) => !pages.includes(name))).toEqual([]);
});
