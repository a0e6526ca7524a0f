import { describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../src/core/request/record.ts';
import { compileFilter } from '../../src/local/event-sources/filter.ts';
import { ACCOUNT, evaluate, jsonOf, REQUIRED, resourceAt, synthesise } from './synthesis.ts';

const json = synthesise();
const stack = evaluate(json);
const at = (address: string) => resourceAt(stack, address);
const functions = stack.resources('aws_lambda_function');

interface Statement {
  Sid: string;
  Effect: string;
  Action: string[];
  Resource: string[];
}

const statementsOf = (name: string): Statement[] =>
  jsonOf<{ Statement: Statement[] }>(at(`aws_iam_role_policy.${name}_permissions`), 'policy').Statement;

/** `action on resource` for each pair that a function may do, with resources in short. */
function grantsOf(name: string): string[] {
  return statementsOf(name)
    .flatMap(({ Action, Resource }) =>
      Action.flatMap((action) => Resource.map((resource) => `${action} on ${short(resource)}`)),
    )
    .sort();
}

function short(arn: string): string {
  return arn
    .replace(`bedrock-request-smoother-calls-${ACCOUNT}-us-east-1`, 'calls')
    .replace(/^arn:aws:(\w+):(us-east-1)?:(\d{12})?:/, '')
    .replace('/aws/lambda/', '')
    .replace('bedrock-request-smoother-', '')
    .replace(/(?<=stream\/).*/, '…');
}

describe('functions', () => {
  it.each(functions.map((fn) => [fn.address, fn]))(
    '%s: runtime, code, role and logs of its own',
    (address, fn) => {
      const name = address.replace('aws_lambda_function.', '');
      expect(fn.text('runtime')).toBe('nodejs24.x');
      expect(fn.list('architectures')).toEqual(['arm64']);
      expect(fn.text('handler')).toBe('index.handler');
      expect(fn.text('filename')).toContain(`assets/${name}_code/hash-of-${name.replace('_', '-')}/`);
      expect(fn.text('source_code_hash')).toBe(`hash-of-${name.replace('_', '-')}`);
      expect(fn.text('role')).toBe(at(`aws_iam_role.${name}_role`).text('arn'));
      const logs = at(`aws_cloudwatch_log_group.${name}_logs`);
      expect(logs.text('name')).toBe(`/aws/lambda/${fn.text('function_name')}`);
      expect(fn.blocks('logging_config')).toEqual([{ log_format: 'Text', log_group: logs.text('name') }]);
      expect(fn.has('reserved_concurrent_executions')).toBe(false);
    },
  );

  it.each([
    ['request_ingestion', 60, 512],
    ['prioritization', 120, 512],
    ['invocation', 900, 256],
    ['reporting', 60, 256],
  ])('%s: %i s, %i MB', (name, timeout, memory) => {
    expect(at(`aws_lambda_function.${name}`).number('timeout', 0)).toBe(timeout);
    expect(at(`aws_lambda_function.${name}`).number('memory_size', 0)).toBe(memory);
  });

  // The table "Environment of the functions" in docs/architecture.md.
  it.each([
    [
      'request_ingestion',
      [
        'ACCOUNT_ID',
        'CALLS_BUCKET',
        'COUNT_TOKENS',
        'LANES_TABLE',
        'PAYLOAD_RETENTION_DAYS',
        'PRIORITIZATION_FUNCTION',
        'REQUESTS_TABLE',
        'RESULTS_QUEUE_URL',
      ],
    ],
    [
      'prioritization',
      [
        'AVERAGE_REQUEST_DURATION',
        'HOLD_QUEUE_URL',
        'INVOCATION_TIMEOUT_SECONDS',
        'LANES_TABLE',
        'MAX_ATTEMPTS',
        'MAX_CONCURRENT_EXECUTIONS',
        'METRICS_NAMESPACE',
        'MINUTES_TO_PROCESS',
        'QUEUE_DEPTH_THRESHOLD',
        'REQUESTS_TABLE',
        'RESULTS_QUEUE_URL',
      ],
    ],
    [
      'invocation',
      [
        'CALLS_BUCKET',
        'INVOCATION_TIMEOUT_SECONDS',
        'LANES_TABLE',
        'MAX_ATTEMPTS',
        'PRIORITIZATION_FUNCTION',
        'REQUESTS_TABLE',
        'RESULTS_QUEUE_URL',
        'TENANT_IN_REQUEST_METADATA',
      ],
    ],
    ['reporting', ['REPORTING_TABLE']],
  ])('%s: its environment and no more', (name, names) => {
    const [environment] = at(`aws_lambda_function.${name}`).blocks('environment');
    expect(Object.keys(Object(environment?.variables)).sort()).toEqual(names);
  });
});

describe('permissions', () => {
  it.each([
    [
      'request_ingestion',
      [
        'dynamodb:GetItem on table/lanes',
        'dynamodb:GetItem on table/requests',
        'dynamodb:PutItem on table/lanes',
        'dynamodb:PutItem on table/requests',
        'dynamodb:UpdateItem on table/lanes',
        'dynamodb:UpdateItem on table/requests',
        'lambda:InvokeFunction on function:prioritization',
        'logs:CreateLogStream on log-group:request-ingestion:*',
        'logs:PutLogEvents on log-group:request-ingestion:*',
        's3:GetObject on calls/inbox/*',
        's3:GetObjectVersion on calls/inbox/*',
        's3:PutObject on calls/payloads/*',
        'sqs:DeleteMessage on input',
        'sqs:GetQueueAttributes on input',
        'sqs:ReceiveMessage on input',
        'sqs:SendMessage on bedrock-results',
      ],
    ],
    [
      'prioritization',
      [
        'dynamodb:DeleteItem on table/lanes',
        'dynamodb:GetItem on table/lanes',
        'dynamodb:GetItem on table/requests',
        'dynamodb:PutItem on table/lanes',
        'dynamodb:Query on table/lanes',
        'dynamodb:Query on table/requests/index/backlog',
        'dynamodb:Query on table/requests/index/due',
        'dynamodb:UpdateItem on table/lanes',
        'dynamodb:UpdateItem on table/requests',
        'logs:CreateLogStream on log-group:prioritization:*',
        'logs:PutLogEvents on log-group:prioritization:*',
        'servicequotas:GetAWSDefaultServiceQuota on *',
        'servicequotas:GetServiceQuota on *',
        'servicequotas:ListAWSDefaultServiceQuotas on *',
        'servicequotas:ListServiceQuotas on *',
        'sqs:SendMessage on bedrock-results',
        'sqs:SendMessage on hold-next-batch',
      ],
    ],
    [
      'invocation',
      [
        'bedrock:ApplyGuardrail on arn:aws:bedrock:*:123456789012:guardrail-profile/*',
        'bedrock:ApplyGuardrail on guardrail/*',
        'bedrock:InvokeModel on application-inference-profile/*',
        'bedrock:InvokeModel on arn:aws:bedrock:*::foundation-model/*',
        'bedrock:InvokeModel on custom-model-deployment/*',
        'bedrock:InvokeModel on default-prompt-router/*',
        'bedrock:InvokeModel on imported-model/*',
        'bedrock:InvokeModel on inference-profile/*',
        'bedrock:InvokeModel on prompt-router/*',
        'bedrock:InvokeModel on provisioned-model/*',
        'bedrock:InvokeTool on system-tool/*',
        'bedrock:RenderPrompt on prompt/*',
        'dynamodb:DeleteItem on table/lanes',
        'dynamodb:GetItem on table/lanes',
        'dynamodb:GetItem on table/requests',
        'dynamodb:Query on table/lanes',
        'dynamodb:UpdateItem on table/lanes',
        'dynamodb:UpdateItem on table/requests',
        'lambda:InvokeFunction on function:prioritization',
        'logs:CreateLogStream on log-group:invocation:*',
        'logs:PutLogEvents on log-group:invocation:*',
        's3:GetObject on calls/inbox/*',
        's3:GetObject on calls/payloads/*',
        's3:ListBucket on calls',
        's3:PutObject on calls/outputs/*',
        'sqs:DeleteMessage on hold-next-batch',
        'sqs:GetQueueAttributes on hold-next-batch',
        'sqs:ReceiveMessage on hold-next-batch',
        'sqs:SendMessage on bedrock-results',
      ],
    ],
    [
      'reporting',
      [
        'dynamodb:DescribeStream on table/requests/stream/…',
        'dynamodb:GetItem on table/reporting',
        'dynamodb:GetRecords on table/requests/stream/…',
        'dynamodb:GetShardIterator on table/requests/stream/…',
        'dynamodb:ListStreams on table/requests/stream/…',
        'dynamodb:UpdateItem on table/reporting',
        'logs:CreateLogStream on log-group:reporting:*',
        'logs:PutLogEvents on log-group:reporting:*',
        'sqs:SendMessage on reporting-dlq',
      ],
    ],
  ])('%s may do exactly what it does', (name, grants) => {
    expect(grantsOf(name)).toEqual(grants);
  });

  it('results may be sent to queues with names of their own, however many, where there are any', () => {
    const named = evaluate(json, {
      ...REQUIRED,
      results_queues: Array.from({ length: 100 }, (_, i) => `a-name-of-${i + 100}`),
    });
    for (const name of ['request_ingestion', 'prioritization', 'invocation']) {
      const policy = resourceAt(named, `aws_iam_role_policy.${name}_permissions`).text('policy');
      expect(policy).toContain(':bedrock-request-smoother-bedrock-results-*"');
      expect(policy.length).toBeLessThan(10_240);
    }
  });

  it('only Lambda assumes the roles', () => {
    for (const role of stack.resources('aws_iam_role')) {
      expect(jsonOf<{ Statement: object[] }>(role, 'assume_role_policy').Statement).toMatchObject([
        { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: ['sts:AssumeRole'] },
      ]);
    }
  });

  it('no role has more than its own policy', () => {
    expect(
      Object.keys(json.resource)
        .filter((type) => type.startsWith('aws_iam'))
        .sort(),
    ).toEqual(['aws_iam_role', 'aws_iam_role_policy']);
    expect(stack.resources('aws_iam_role_policy')).toHaveLength(functions.length);
  });
});

describe('what starts the functions', () => {
  it('the input queue starts ingestion', () => {
    const source = at('aws_lambda_event_source_mapping.input_to_ingestion');
    expect(source.text('event_source_arn')).toBe(at('aws_sqs_queue.input').text('arn'));
    expect(source.text('function_name')).toBe(at('aws_lambda_function.request_ingestion').text('arn'));
    expect(source.number('batch_size', 0)).toBe(10);
    expect(source.blocks('scaling_config')).toEqual([{ maximum_concurrency: 10 }]);
    expect(source.list('function_response_types')).toEqual(['ReportBatchItemFailures']);
  });

  it('the hold queue starts invocation, one bundle at a time', () => {
    const source = at('aws_lambda_event_source_mapping.hold_to_invocation');
    expect(source.text('event_source_arn')).toBe(at('aws_sqs_queue.hold_next_batch').text('arn'));
    expect(source.text('function_name')).toBe(at('aws_lambda_function.invocation').text('arn'));
    expect(source.number('batch_size', 0)).toBe(1);
    expect(source.blocks('scaling_config')).toEqual([{ maximum_concurrency: 30 }]);
    expect(source.list('function_response_types')).toEqual(['ReportBatchItemFailures']);
  });

  it('changes of the Requests table start reporting, and none can block it for ever', () => {
    const source = at('aws_lambda_event_source_mapping.requests_to_reporting');
    expect(source.text('event_source_arn')).toBe(at('aws_dynamodb_table.requests').text('stream_arn'));
    expect(source.text('function_name')).toBe(at('aws_lambda_function.reporting').text('arn'));
    expect(source.flag('bisect_batch_on_function_error', false)).toBe(true);
    expect(source.number('maximum_retry_attempts', -1)).toBe(10);
    expect(source.number('maximum_record_age_in_seconds', -1)).toBe(3600);
    expect(source.blocks('destination_config')).toEqual([
      { on_failure: { destination_arn: at('aws_sqs_queue.reporting_dlq').text('arn') } },
    ]);
    expect(source.list('function_response_types')).toEqual(['ReportBatchItemFailures']);
  });

  describe('reporting is started by what it counts', () => {
    const patterns = at('aws_lambda_event_source_mapping.requests_to_reporting')
      .blocks('filter_criteria')
      .flatMap((criteria) => Object(criteria).filter as { pattern: string }[])
      .map(({ pattern }) => compileFilter('filter', JSON.parse(pattern)));
    const starts = (image: object) => patterns.some((matches) => matches({ dynamodb: { NewImage: image } }));

    it.each<[string, object, boolean]>([
      ['a first arrival', { status: { S: 'RECEIVED' }, generation: { N: '0' } }, true],
      ['a return to the backlog', { status: { S: 'RECEIVED' }, generation: { N: '1' } }, false],
      ['a release', { status: { S: 'QUEUED' }, generation: { N: '1' } }, false],
      ['a start', { status: { S: 'IN_PROGRESS' }, generation: { N: '1' } }, false],
      ...OUTCOMES.map((status): [string, object, boolean] => [
        status,
        { status: { S: status }, generation: { N: '1' } },
        true,
      ]),
      [
        'the mark that a result was sent',
        { status: { S: 'COMPLETED' }, generation: { N: '1' }, result_sent: { BOOL: true } },
        false,
      ],
    ])('%s', (_, image, expected) => {
      expect(starts(image)).toBe(expected);
    });

    it('not by a deletion', () => {
      expect(patterns.some((matches) => matches({ dynamodb: { Keys: {} } }))).toBe(false);
    });
  });

  it('a schedule starts prioritization every minute, and a missed start is not made up for', () => {
    const rule = at('aws_cloudwatch_event_rule.every_minute');
    const prioritization = at('aws_lambda_function.prioritization');
    expect(rule.text('schedule_expression')).toBe('rate(1 minute)');
    const target = at('aws_cloudwatch_event_target.every_minute_to_prioritization');
    expect([target.text('rule'), target.text('arn'), target.text('input')]).toEqual([
      rule.text('name'),
      prioritization.text('arn'),
      '{}',
    ]);
    const permission = at('aws_lambda_permission.every_minute_starts_prioritization');
    expect(permission.text('source_arn')).toBe(rule.text('arn'));
    expect(permission.text('principal')).toBe('events.amazonaws.com');
    const starts = at('aws_lambda_function_event_invoke_config.prioritization_starts');
    expect(starts.text('function_name')).toBe(prioritization.text('function_name'));
    expect(starts.number('maximum_retry_attempts', -1)).toBe(0);
    expect(starts.number('maximum_event_age_in_seconds', -1)).toBe(60);
  });

  it('sources wait for the permissions that AWS checks when it creates them', () => {
    for (const source of Object.values(json.resource.aws_lambda_event_source_mapping ?? {})) {
      expect(source.depends_on).toEqual([expect.stringMatching(/^aws_iam_role_policy\..+_permissions$/)]);
    }
  });
});
