import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  addressesOf,
  type Exception,
  findingsOf,
  judge,
  type StackJson,
  withPlainPolicies,
} from '../../../src/lab/external/checkov.ts';
import { ExternalToolError } from '../../../src/lab/external/errors.ts';
import { evaluate, synthesise } from '../../stack/synthesis.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const json = synthesise();
const stack: StackJson = json;
const exceptions: Exception[] = JSON.parse(readFileSync(path.join(root, 'checkov-exceptions.json'), 'utf8'));

describe('the written exceptions', () => {
  test.each(exceptions)(
    '$check has a reason and names resources of the stack',
    ({ check, resources, reason }) => {
      expect(check).toMatch(/^CKV2?_AWS_\d+$/);
      expect(reason).toMatch(/^[A-Z].{40,}\.$/);
      expect(resources).not.toEqual([]);
      expect(addressesOf(stack)).toEqual(expect.arrayContaining(resources));
    },
  );

  // What holds for one of these holds for all of them, also for one that is new.
  test.each(['aws_lambda_function', 'aws_dynamodb_table', 'aws_cloudwatch_log_group'])(
    'that name any %s name them all',
    (type) => {
      const ofType = (addresses: readonly string[]) =>
        addresses.filter((it) => it.startsWith(`${type}.`)).sort();
      for (const { check, resources } of exceptions.filter((it) => ofType(it.resources).length > 0)) {
        expect(ofType(resources), check).toEqual(ofType(addressesOf(stack)));
      }
    },
  );

  test('name a check and a resource once', () => {
    const named = exceptions.flatMap(({ check, resources }) => resources.map((it) => `${check} ${it}`));
    expect(new Set(named).size).toBe(named.length);
  });
});

test('a failed check needs a reason, and a reason a failed check', () => {
  const fails = (check: string, resource: string) => ({ check, resource, title: 'It should not' });
  const reasons = [{ check: 'CKV_AWS_1', resources: ['a.one', 'a.two'], reason: 'It is so.' }];
  const findings = [fails('CKV_AWS_1', 'a.one'), fails('CKV_AWS_1', 'a.three'), fails('CKV_AWS_2', 'a.two')];
  expect(judge(findings, reasons)).toEqual({
    unexplained: [fails('CKV_AWS_1', 'a.three'), fails('CKV_AWS_2', 'a.two')],
    unneeded: [{ check: 'CKV_AWS_1', resource: 'a.two' }],
  });
  expect(judge(findings.slice(0, 1), [{ ...reasons[0], resources: ['a.one'] } as Exception])).toEqual({
    unexplained: [],
    unneeded: [],
  });
});

test('policies are shown as they will be, and all else as it is written', () => {
  const plain = withPlainPolicies(stack, evaluate(json));
  const policy = JSON.parse(String(plain.resource.aws_iam_role_policy?.invocation_permissions?.policy));
  expect(policy.Statement[0].Resource).toEqual([
    'arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/bedrock-request-smoother-invocation:*',
  ]);
  expect(plain.resource.aws_iam_role_policy?.invocation_permissions?.role).toBe(
    stack.resource.aws_iam_role_policy?.invocation_permissions?.role,
  );
  expect(addressesOf(plain)).toEqual(addressesOf(stack));
  expect(plain).not.toHaveProperty('terraform');
});

describe('a report of checkov', () => {
  const text = JSON.stringify(stack, undefined, 2);
  const lineOf = (address: string) => {
    const [type, name] = address.split('.');
    const lines = text.split('\n');
    const from = lines.indexOf(`    "${type}": {`);
    return lines.indexOf(`      "${name}": {`, from) + 1;
  };
  const report = (line: number, parsing_errors = 0) => ({
    results: {
      failed_checks: [
        {
          check_id: 'CKV_AWS_1',
          check_name: 'It should',
          file_line_range: [line, line + 9] as [number, number],
        },
      ],
    },
    summary: { passed: 1, parsing_errors },
  });

  // Both are called "reporting": checkov gives a name without a type.
  test.each(['aws_dynamodb_table.reporting', 'aws_lambda_function.reporting'])('is about %s', (resource) => {
    expect(findingsOf(report(lineOf(resource)), text)).toEqual([
      { check: 'CKV_AWS_1', title: 'It should', resource },
    ]);
  });

  test('that does not fit the stack, or could not read it, is an error', () => {
    expect(() => findingsOf(report(1), text)).toThrow('line 1 is not where a resource begins');
    expect(() => findingsOf(report(lineOf('aws_sqs_queue.input'), 1), text)).toThrow(ExternalToolError);
  });
});
