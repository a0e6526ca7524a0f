import { describe, expect, it } from 'vitest';
import { DEAD_LETTER_QUEUES, FUNCTIONS, QUEUES, TABLES } from '../../src/core/operations/inspection.ts';
import { RolePolicy } from '../../src/local/gateway/policy.ts';
import { ACCOUNT, evaluate, REQUIRED, synthesise } from './synthesis.ts';

const json = synthesise();
const { outputs } = evaluate(json, { ...REQUIRED, results_queues: ['nightly'] });
const named = outputs.results_queue_urls as Record<string, string>;
const arnOf = (url: unknown) => {
  const [account, queue] = String(url).split('/').slice(-2);
  return `arn:aws:sqs:us-east-1:${account}:${queue}`;
};
const RESOURCES: Record<string, string> = {
  input: arnOf(outputs.input_queue_url),
  results: arnOf(outputs.bedrock_results_queue_url),
  nightly: arnOf(named.nightly),
  records: `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${outputs.requests_table_name}`,
  backlog: `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${outputs.requests_table_name}/index/backlog`,
  hold: arnOf(outputs.hold_next_batch_queue_url),
  inbox: `arn:aws:s3:::${outputs.bedrock_calls_bucket_name}/inbox/a.json`,
  outputs: `arn:aws:s3:::${outputs.bedrock_calls_bucket_name}/outputs/a.json`,
  payloads: `arn:aws:s3:::${outputs.bedrock_calls_bucket_name}/payloads/a.json`,
};
const ACTIONS = [
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'dynamodb:BatchGetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  's3:PutObject',
  's3:GetObject',
];

/** All that a policy allows of what producers and consumers could wish. */
function allowedBy(output: string, document = outputs[output]): string[] {
  const policy = new RolePolicy();
  policy.add(output, String(document));
  return Object.entries(RESOURCES).flatMap(([name, resource]) =>
    ACTIONS.filter((action) => policy.allows({ action, resource })).map((action) => `${action} on ${name}`),
  );
}

describe('policies for those who use the smoother', () => {
  it('a producer sends, and does nothing else', () => {
    expect(allowedBy('producer_policy_json')).toEqual(['sqs:SendMessage on input', 's3:PutObject on inbox']);
  });

  it('a consumer takes results, and does nothing else', () => {
    expect(allowedBy('consumer_policy_json')).toEqual([
      'sqs:ReceiveMessage on results',
      'sqs:DeleteMessage on results',
      'sqs:ChangeMessageVisibility on results',
      's3:GetObject on outputs',
    ]);
  });

  it('a consumer of a queue of its own takes results from there only', () => {
    const { nightly } = outputs.results_consumer_policies_json as Record<string, string>;
    expect(allowedBy('nightly', nightly)).toEqual([
      'sqs:ReceiveMessage on nightly',
      'sqs:DeleteMessage on nightly',
      'sqs:ChangeMessageVisibility on nightly',
      's3:GetObject on outputs',
    ]);
  });

  it('a client sends and reads records, and does nothing else', () => {
    expect(allowedBy('client_policy_json')).toEqual([
      'sqs:SendMessage on input',
      'dynamodb:BatchGetItem on records',
      'dynamodb:Query on backlog',
      's3:PutObject on inbox',
      's3:GetObject on outputs',
    ]);
  });
});

it('who drops batch files may list the answers to copy them, and nothing else in the bucket', () => {
  const { Statement } = JSON.parse(String(outputs.batch_policy_json)) as {
    Statement: Record<string, unknown>[];
  };
  const bucket = `arn:aws:s3:::${outputs.bedrock_calls_bucket_name}`;
  expect(Statement.map(({ Sid: _, Effect: __, ...rest }) => rest)).toEqual([
    { Action: ['s3:PutObject', 's3:GetObject'], Resource: [`${bucket}/batches/*`] },
    { Action: ['s3:GetObject'], Resource: [`${bucket}/batch-outputs/*`] },
    {
      Action: ['s3:ListBucket'],
      Resource: [bucket],
      Condition: { StringLike: { 's3:prefix': 'batch-outputs/*' } },
    },
  ]);
});

describe('policies for operators', () => {
  const stores: Record<string, string> = {
    ...RESOURCES,
    lanes: `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${outputs.lanes_table_name}`,
    reports: `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${outputs.reporting_table_name}`,
    inputDeadLetters: arnOf(outputs.input_dlq_url),
    retries: `arn:aws:s3:::${outputs.bedrock_calls_bucket_name}/inbox/retries/a.json`,
  };
  const changes = [
    ...['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'].map((name) => `dynamodb:${name}`),
    ...['SendMessage', 'ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'PurgeQueue'].map(
      (name) => `sqs:${name}`,
    ),
    ...['PutObject', 'DeleteObject', 'GetObject'].map((name) => `s3:${name}`),
  ];
  const changesAllowedBy = (output: string) => {
    const policy = new RolePolicy();
    policy.add(output, String(outputs[output]));
    return Object.entries(stores).flatMap(([name, resource]) =>
      changes.filter((action) => policy.allows({ action, resource })).map((action) => `${action} on ${name}`),
    );
  };

  it('one who looks may ask about all that the doctor looks at', () => {
    const policy = new RolePolicy();
    policy.add('read', String(outputs.operator_read_policy_json));
    const table = (output: string) => `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${outputs[output]}`;
    const lambda = (output: string) => `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${outputs[output]}`;
    const asked = [
      ...Object.values(TABLES).map((output) => ['dynamodb:GetItem', table(output)]),
      ...[...Object.values(QUEUES), ...Object.values(DEAD_LETTER_QUEUES)].map((output) => [
        'sqs:GetQueueAttributes',
        arnOf(outputs[output]),
      ]),
      ...Object.values(FUNCTIONS).map((output) => ['lambda:GetFunctionConfiguration', lambda(output)]),
      ['s3:ListBucket', `arn:aws:s3:::${outputs.bedrock_calls_bucket_name}`],
      ['sns:ListSubscriptionsByTopic', String(outputs.alarm_topic_arn)],
      ['cloudwatch:DescribeAlarms', '*'],
      ['bedrock:GetFoundationModelAvailability', '*'],
    ] as [string, string][];
    expect(asked.length).toBeGreaterThan(15);
    expect(asked.filter(([action, resource]) => !policy.allows({ action, resource }))).toEqual([]);
  });

  it('one who looks changes nothing, and reads no payload', () => {
    expect(changesAllowedBy('operator_read_policy_json')).toEqual([]);
  });

  it('one who acts changes what the commands change, and nothing else', () => {
    expect(changesAllowedBy('operator_write_policy_json')).toEqual([
      'sqs:SendMessage on input',
      'dynamodb:DeleteItem on records',
      'sqs:SendMessage on hold',
      's3:GetObject on payloads',
      'dynamodb:UpdateItem on lanes',
      'dynamodb:UpdateItem on reports',
      'sqs:ReceiveMessage on inputDeadLetters',
      'sqs:DeleteMessage on inputDeadLetters',
      'sqs:ChangeMessageVisibility on inputDeadLetters',
      's3:PutObject on retries',
    ]);
  });
});

describe('monitoring', () => {
  it('gives the ARN of the alarm on Bedrock errors', () => {
    expect(outputs.bedrock_errors_alarm_arn).toMatch(
      /^arn:aws:cloudwatch:us-east-1:\d{12}:alarm:bedrock-request-smoother-bedrock-errors$/,
    );
  });

  it('gives the URL of the dashboard in the Region', () => {
    const { bedrock_dashboard_url } = evaluate(json, {
      ...REQUIRED,
      aws_region: 'eu-central-1',
      dashboard_name: 'staging',
    }).outputs;
    expect(bedrock_dashboard_url).toBe(
      'https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#dashboards/dashboard/staging',
    );
  });
});
