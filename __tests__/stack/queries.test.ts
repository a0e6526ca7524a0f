import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { QUERIES } from '../../src/stack/queries.ts';
import { evaluate, synthesise } from './synthesis.ts';

const stack = evaluate(synthesise());
const queries = stack.resources('aws_cloudwatch_query_definition');
const ROOT = path.resolve(import.meta.dirname, '../../src');
const source = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((file) => /^(core|aws)\/.*\.ts$/.test(file))
  .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
  .join('\n');

it('saved queries are named with the prefix, and ask log groups that there are', () => {
  const groups = stack.resources('aws_cloudwatch_log_group').map((group) => group.text('name'));
  expect(queries).toHaveLength(QUERIES.length);
  for (const query of queries) {
    expect(query.text('name')).toMatch(/^bedrock-request-smoother-[a-z-]+$/);
    const asked = query.list('log_group_names');
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((group) => !groups.includes(String(group)))).toEqual([]);
  }
});

it('every event that a query asks for is one that a function logs', () => {
  const events = QUERIES.flatMap(({ lines }) => lines).flatMap((line) =>
    [...line.matchAll(/"([a-z_]+\.[a-z_]+)"/g)].map(([, event]) => String(event)),
  );
  expect(events.length).toBeGreaterThan(5);
  expect(events.filter((event) => !source.includes(`'${event}'`))).toEqual([]);
});
