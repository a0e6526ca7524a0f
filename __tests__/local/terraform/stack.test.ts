// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import { describe, expect, it } from 'vitest';
import { EvaluatedStack } from '../../../src/local/terraform/stack.ts';

const evaluate = (stack: unknown, variables: Record<string, unknown> = {}) =>
  new EvaluatedStack({
    stack,
    variables,
    assetsFolder: '/assets',
    accountId: '000000000000',
    endpoint: 'http://local',
  });

describe('a stack', () => {
  it('has its references, locals, data sources and outputs evaluated', () => {
    const stack = evaluate(
      {
        provider: { aws: [{ region: '${var.aws_region}' }] },
        variable: { aws_region: { type: 'string' } },
        locals: { prefix: 'my-${data.aws_caller_identity.me.account_id}' },
        data: { aws_caller_identity: { me: {} }, aws_partition: { p: {} } },
        resource: {
          aws_sqs_queue: {
            input: {
              name: '${local.prefix}-input',
              redrive_policy: '${jsonencode({arn = aws_sqs_queue.dead.arn})}',
            },
            dead: { name: 'dead' },
          },
        },
        output: {
          url: { value: '${aws_sqs_queue.input.url}' },
          partition: { value: '${data.aws_partition.p.partition}' },
        },
      },
      { aws_region: 'eu-west-1' },
    );
    expect(stack.outputs).toEqual({
      url: 'http://local/000000000000/my-000000000000-input',
      partition: 'aws',
    });
    expect(stack.resources('aws_sqs_queue')[0]?.text('redrive_policy')).toBe(
      '{"arn":"arn:aws:sqs:eu-west-1:000000000000:dead"}',
    );
  });

  it.each([
    [{ resource: { aws_instance: { web: {} } } }, 'aws_instance.web: this type of resource is not supported'],
    [
      { resource: { aws_sqs_queue: { q: { name: '${aws_sqs_queue.x.arn}' } } } },
      'aws_sqs_queue.q.name: unknown reference aws_sqs_queue.x.arn',
    ],
    [{ resource: { aws_sqs_queue: { q: { name: '${aws_sqs_queue.q.arn}' } } } }, 'refers to itself'],
    [{ resource: { aws_sqs_queue: { q: { count: 2 } } } }, 'aws_sqs_queue.q: "count" is not supported'],
    [
      { output: { o: { value: '${aws_sqs_queue.q.colour}' } }, resource: { aws_sqs_queue: { q: {} } } },
      'aws_sqs_queue.q.colour: this attribute is not known',
    ],
    [
      { output: { o: { value: '${data.aws_vpc.v.id}' } }, data: { aws_vpc: { v: {} } } },
      'data.aws_vpc.v.id: this type is not supported',
    ],
    [{ module: {} }, 'module: this kind of block is not supported'],
    // A dashboard is not run, but what it says must be right.
    [
      { resource: { aws_cloudwatch_dashboard: { d: { dashboard_body: '${nonsense(1)}' } } } },
      'aws_cloudwatch_dashboard.d.dashboard_body: the function nonsense()',
    ],
  ])('%j is refused', (stack, message) => {
    expect(() => evaluate(stack)).toThrow(message);
  });
});
