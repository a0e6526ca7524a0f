import { describe, expect, it } from 'vitest';
import { changesOf, describeChange, unexplained } from '../../../src/lab/external/drift.ts';

const update = (before: object, after: object, after_unknown: object = {}) => ({
  actions: ['update'],
  before,
  after,
  after_unknown,
});

describe('what a plan changes', () => {
  it('is named by attribute: those that differ, and those that are not known yet', () => {
    const change = update({ a: 1, b: [1], c: 'x', d: 1 }, { a: 1, b: [2], d: 1 }, { arn: true, d: false });
    expect(changesOf({ resource_changes: [{ address: 'aws_sqs_queue.input', change }] })).toEqual(
      ['b', 'c', 'arn'].map((attribute) => ({ address: 'aws_sqs_queue.input', attribute })),
    );
  });

  it('is the resource itself when that is created or deleted', () => {
    const change = { actions: ['create'], before: null, after: { name: 'a' } };
    expect(changesOf({ resource_changes: [{ address: 'aws_sns_topic.alarm', change }] })).toEqual([
      { address: 'aws_sns_topic.alarm' },
    ]);
  });

  it('may be an output', () => {
    const output_changes = { region: { actions: ['update'], before: 'a', after: 'b' } };
    expect(changesOf({ output_changes })).toEqual([{ address: 'output.region' }]);
  });

  it('is nothing where nothing is done or something is only read', () => {
    const [still, read] = [['no-op'], ['read']].map((actions) => ({ actions, before: {}, after: { a: 1 } }));
    const resource_changes = [still, read].flatMap((change) => (change ? [{ address: 'a.b', change }] : []));
    expect(
      changesOf({
        resource_changes,
        output_changes: { region: { ...resource_changes[0]?.change } as never },
      }),
    ).toEqual([]);
  });
});

it('what the emulator is known not to store is explained, anything else of the same resource is not', () => {
  const known = { address: 'aws_lambda_function.invocation', attribute: 'logging_config' };
  const unknown = { address: 'aws_lambda_function.invocation', attribute: 'timeout' };
  const gone = { address: 'aws_lambda_function.invocation' };
  expect(unexplained([known, unknown, gone])).toEqual([unknown, gone]);
  expect([unknown, gone].map(describeChange)).toEqual([
    'timeout of aws_lambda_function.invocation',
    'aws_lambda_function.invocation',
  ]);
});
