import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onPath } from '../../src/lab/external/python-tool.ts';
import type { EvaluatedStack } from '../../src/local/terraform/stack.ts';
import { readTfvars } from '../../src/local/terraform/tfvars.ts';
import { VARIABLES, type VariableName } from '../../src/stack/variable-table.ts';
import { terraform } from './stand-ins.ts';
import { evaluate, jsonOf, REQUIRED, resourceAt, synthesise } from './synthesis.ts';

const json = synthesise();
const PROFILE = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6';

type Reach = (stack: EvaluatedStack) => unknown;

const number = (address: string, attribute: string): Reach => {
  return (stack) => resourceAt(stack, address).number(attribute, Number.NaN);
};
const text = (address: string, attribute: string): Reach => {
  return (stack) => resourceAt(stack, address).text(attribute);
};
const block = (address: string, attribute: string, key: string): Reach => {
  return (stack) => resourceAt(stack, address).blocks(attribute)[0]?.[key];
};
/** An environment variable of a function: Terraform makes text of it. */
const environment = (name: string, key: string): Reach => {
  return (stack) => {
    const variables = resourceAt(stack, `aws_lambda_function.${name}`).blocks('environment')[0]?.variables;
    return String(Object(variables)[key]);
  };
};
/** What those of a type have there that fits. */
const named = (type: string, attribute: string, fits: RegExp): Reach => {
  return (stack) =>
    stack
      .resources(type)
      .map((resource) => resource.text(attribute))
      .filter((value) => fits.test(value));
};
const settings: Reach = (stack) => {
  const item = jsonOf<{ json: { S: string } }>(resourceAt(stack, 'aws_dynamodb_table_item.settings'), 'item');
  return JSON.parse(item.json.S);
};
/** Of the statement that a function's policy has under this Sid. */
const resourcesOf = (name: string, sid: string): Reach => {
  return (stack) =>
    jsonOf<{ Statement: { Sid: string; Resource: string[] }[] }>(
      resourceAt(stack, `aws_iam_role_policy.${name}_permissions`),
      'policy',
    ).Statement.find(({ Sid }) => Sid === sid)?.Resource;
};
/** The maps that functions read from the lanes table, with some of them set. */
const stored = (set: Record<string, unknown>): [Reach, unknown] => [
  settings,
  {
    quota_overrides: {},
    tenant_weights: {},
    priority_weights: {},
    application_inference_profiles: {},
    tenant_inference_profiles: {},
    tenant_budgets: {},
    results_queues: [],
    ...set,
  },
];
const threshold = (title: string): Reach => {
  return (stack) => {
    const body = jsonOf<{
      widgets: { properties: { title: string; annotations?: { horizontal: { value: number }[] } } }[];
    }>(resourceAt(stack, 'aws_cloudwatch_dashboard.bedrock'), 'dashboard_body');
    const widget = body.widgets.find((candidate) => candidate.properties.title === title);
    return widget?.properties.annotations?.horizontal[0]?.value;
  };
};

/** For each variable a value that is not its default, and where it must arrive. */
const REACHES: Record<VariableName, { value: unknown; reaches: [Reach, unknown][] }> = {
  aws_region: {
    value: 'eu-central-1',
    reaches: [
      [(stack) => stack.platform.region, 'eu-central-1'],
      [
        text('aws_s3_bucket.bedrock_calls', 'bucket'),
        'bedrock-request-smoother-calls-123456789012-eu-central-1',
      ],
      [text('aws_iam_role.invocation_role', 'name'), 'bedrock-request-smoother-eu-central-1-invocation'],
    ],
  },
  notification_email: {
    value: 'on-call@example.org',
    reaches: [[text('aws_sns_topic_subscription.alarm_email', 'endpoint'), 'on-call@example.org']],
  },
  average_request_duration: {
    value: 2.5,
    reaches: [[environment('prioritization', 'AVERAGE_REQUEST_DURATION'), '2.5']],
  },
  results_queues: {
    value: ['nightly', 'chat'],
    reaches: [
      stored({ results_queues: ['chat', 'nightly'] }),
      [
        named('aws_sqs_queue', 'name', /-bedrock-results-/),
        ['bedrock-request-smoother-bedrock-results-chat', 'bedrock-request-smoother-bedrock-results-nightly'],
      ],
      [
        named('aws_sqs_queue_policy', 'queue_url', /-bedrock-results-/),
        ['chat', 'nightly'].map(
          (name) => `http://localhost/123456789012/bedrock-request-smoother-bedrock-results-${name}`,
        ),
      ],
      [
        named('aws_cloudwatch_metric_alarm', 'alarm_name', /-named-results-age-/),
        [
          'bedrock-request-smoother-named-results-age-chat',
          'bedrock-request-smoother-named-results-age-nightly',
        ],
      ],
    ],
  },
  tenant_in_request_metadata: {
    value: false,
    reaches: [[environment('invocation', 'TENANT_IN_REQUEST_METADATA'), 'false']],
  },
  minutes_to_process: {
    value: 3,
    reaches: [[environment('prioritization', 'MINUTES_TO_PROCESS'), '3']],
  },
  max_concurrent_executions: {
    value: 17,
    reaches: [
      [environment('prioritization', 'MAX_CONCURRENT_EXECUTIONS'), '17'],
      [
        block('aws_lambda_event_source_mapping.hold_to_invocation', 'scaling_config', 'maximum_concurrency'),
        17,
      ],
    ],
  },
  max_concurrent_ingestions: {
    value: 7,
    reaches: [
      [
        block('aws_lambda_event_source_mapping.input_to_ingestion', 'scaling_config', 'maximum_concurrency'),
        7,
      ],
    ],
  },
  prioritization_memory_megabytes: {
    value: 1_024,
    reaches: [[number('aws_lambda_function.prioritization', 'memory_size'), 1_024]],
  },
  invocation_memory_megabytes: {
    value: 384,
    reaches: [[number('aws_lambda_function.invocation', 'memory_size'), 384]],
  },
  alarm_threshold: {
    value: 9,
    reaches: [
      [number('aws_cloudwatch_metric_alarm.bedrock_errors', 'threshold'), 9],
      [number('aws_cloudwatch_metric_alarm.bedrock_server_errors', 'threshold'), 9],
      [threshold('Bedrock: client errors'), 9],
    ],
  },
  alarm_evaluation_periods: {
    value: 4,
    reaches: [[number('aws_cloudwatch_metric_alarm.bedrock_errors', 'evaluation_periods'), 4]],
  },
  dashboard_name: {
    value: 'staging-bedrock',
    reaches: [[text('aws_cloudwatch_dashboard.bedrock', 'dashboard_name'), 'staging-bedrock']],
  },
  queue_depth_threshold: {
    value: 55,
    reaches: [
      [environment('prioritization', 'QUEUE_DEPTH_THRESHOLD'), '55'],
      [threshold('Hold Next Batch queue: messages waiting'), 55],
    ],
  },
  max_attempts: {
    value: 7,
    reaches: [
      [environment('prioritization', 'MAX_ATTEMPTS'), '7'],
      [environment('invocation', 'MAX_ATTEMPTS'), '7'],
    ],
  },
  name_prefix: {
    value: 'staging',
    reaches: [
      [text('aws_sqs_queue.input', 'name'), 'staging-input'],
      [text('aws_dynamodb_table.requests', 'name'), 'staging-requests'],
      [text('aws_lambda_function.reporting', 'function_name'), 'staging-reporting'],
      [text('aws_sns_topic.alarm', 'name'), 'staging-alarms'],
      [environment('prioritization', 'METRICS_NAMESPACE'), 'staging'],
    ],
  },
  payload_retention_days: {
    value: 40,
    reaches: [
      [environment('request_ingestion', 'PAYLOAD_RETENTION_DAYS'), '40'],
      [
        (stack) => {
          const lifecycle = resourceAt(
            stack,
            'aws_s3_bucket_lifecycle_configuration.bedrock_calls_lifecycle',
          );
          return lifecycle
            .blocks('rule')
            .flatMap(({ id, expiration }) => (expiration ? [[id, expiration]] : []));
        },
        [
          ['expire-inbox', [{ days: 40 }]],
          ['expire-payloads', [{ days: 40 }]],
          ['expire-outputs', [{ days: 40 }]],
          ['expire-batches', [{ days: 40 }]],
          ['expire-batch-outputs', [{ days: 40 }]],
        ],
      ],
    ],
  },
  log_retention_days: {
    value: 7,
    reaches: ['request_ingestion', 'prioritization', 'invocation', 'reporting', 'batch'].map(
      (name): [Reach, unknown] => [number(`aws_cloudwatch_log_group.${name}_logs`, 'retention_in_days'), 7],
    ),
  },
  force_destroy: {
    value: true,
    reaches: [
      [(stack) => resourceAt(stack, 'aws_s3_bucket.bedrock_calls').flag('force_destroy', false), true],
      [
        (stack) => resourceAt(stack, 'aws_dynamodb_table.requests').flag('deletion_protection_enabled', true),
        false,
      ],
      [
        (stack) =>
          resourceAt(stack, 'aws_cloudwatch_log_group.deletion_guard').flag(
            'deletion_protection_enabled',
            true,
          ),
        false,
      ],
    ],
  },
  invocation_timeout_seconds: {
    value: 120,
    reaches: [
      [environment('invocation', 'INVOCATION_TIMEOUT_SECONDS'), '120'],
      [environment('prioritization', 'INVOCATION_TIMEOUT_SECONDS'), '120'],
    ],
  },
  results_visibility_timeout_seconds: {
    value: 900,
    reaches: [[number('aws_sqs_queue.bedrock_results', 'visibility_timeout_seconds'), 900]],
  },
  quota_overrides: {
    value: { 'us.amazon.nova-lite-v1:0': { requests_per_minute: 60, tokens_per_minute: 1000 } },
    reaches: [
      stored({
        quota_overrides: {
          'us.amazon.nova-lite-v1:0': { requests_per_minute: 60, tokens_per_minute: 1000 },
        },
      }),
    ],
  },
  tenant_weights: {
    value: { chat: 3 },
    reaches: [stored({ tenant_weights: { chat: 3 } })],
  },
  priority_weights: {
    value: { 1: 32 },
    reaches: [stored({ priority_weights: { 1: 32 } })],
  },
  count_tokens: {
    value: true,
    reaches: [
      [environment('request_ingestion', 'COUNT_TOKENS'), 'true'],
      [resourcesOf('request_ingestion', 'CountTokens'), ['arn:aws:bedrock:us-east-1::foundation-model/*']],
    ],
  },
  media_object_arns: {
    value: ['arn:aws:s3:::my-media/videos/*'],
    reaches: [
      [
        resourcesOf('invocation', 'ReadMedia'),
        [
          'arn:aws:s3:::bedrock-request-smoother-calls-123456789012-us-east-1/inbox/*',
          'arn:aws:s3:::my-media/videos/*',
        ],
      ],
    ],
  },
  application_inference_profiles: {
    value: { [PROFILE]: 'us.amazon.nova-lite-v1:0' },
    reaches: [stored({ application_inference_profiles: { [PROFILE]: 'us.amazon.nova-lite-v1:0' } })],
  },
  tenant_budgets: {
    value: { acme: { tokens_per_day: 9, usd_per_day: 5, at_limit: 'refuse' } },
    reaches: [
      stored({ tenant_budgets: { acme: { tokens_per_day: 9, usd_per_day: 5, at_limit: 'refuse' } } }),
    ],
  },
  tenant_inference_profiles: {
    value: { acme: { 'us.amazon.nova-lite-v1:0': PROFILE } },
    reaches: [stored({ tenant_inference_profiles: { acme: { 'us.amazon.nova-lite-v1:0': PROFILE } } })],
  },
};

describe('every variable reaches the resources it should', () => {
  const defaults = evaluate(json);

  it.each(Object.entries(REACHES))('%s', (name, { value, reaches }) => {
    const changed = evaluate(json, { ...REQUIRED, [name]: value });
    expect(reaches.length).toBeGreaterThan(0);
    for (const [reach, expected] of reaches) {
      expect(reach(changed)).toEqual(expected);
      expect(reach(defaults)).not.toEqual(expected);
    }
  });
});

describe('terraform.tfvars.example', () => {
  let example: Record<string, unknown>;
  beforeAll(async () => {
    example = (await readTfvars(path.resolve(import.meta.dirname, '../../terraform.tfvars.example'))).values;
  });

  it('assigns every variable, and passes every rule', () => {
    expect(Object.keys(example).sort()).toEqual(VARIABLES.map(({ name }) => name).sort());
    expect(evaluate(json, example).outputs.input_queue_url).toContain('bedrock-request-smoother-input');
  });

  it('changes nothing but what is required', () => {
    expect(evaluate(json, example).outputs).toEqual(evaluate(json).outputs);
  });
});

const MISTAKES: [VariableName, unknown, string][] = [
  ['quota_overrides', { m: null }, 'must give requests_per_minute, tokens_per_minute or both'],
  ['quota_overrides', { m: { tokens_per_minute: null } }, 'must give requests_per_minute'],
  [
    'quota_overrides',
    { m: { requests_per_minute: 600, tokens_per_minut: 4_000 } },
    'must have requests_per_minute and tokens_per_minute as the only keys',
  ],
  ['tenant_budgets', { acme: null }, 'must give tokens_per_day, usd_per_day or both'],
  ['tenant_budgets', { acme: {} }, 'must give tokens_per_day, usd_per_day or both'],
  ['tenant_budgets', { acme: { at_limit: 'refuse' } }, 'must give tokens_per_day, usd_per_day or both'],
  ['tenant_budgets', { acme: { tokens_per_day: -1 } }, 'must give tokens_per_day, usd_per_day or both'],
  ['tenant_budgets', { acme: { tokens_per_day: 'many' } }, 'must give tokens_per_day, usd_per_day or both'],
  ['tenant_budgets', { acme: { tokens_per_day: 1, usd_per_day: -1 } }, 'must give tokens_per_day'],
  [
    'tenant_budgets',
    { acme: { tokens_per_day: 1, at_limit: 'stop' } },
    'must have wait or refuse as at_limit',
  ],
  [
    'tenant_budgets',
    { acme: { tokens_per_day: 1, at_limt: 'refuse' } },
    'must have tokens_per_day, usd_per_day and at_limit as the only keys',
  ],
  ['tenant_budgets', { 'a b': { tokens_per_day: 1 } }, 'must have tenants as keys'],
  ['tenant_inference_profiles', { acme: null }, 'must give each model of a tenant the ARN'],
];

/** What is allowed beside the usual, and what is stored of it. */
const LOOSE = {
  quota_overrides: { m: { requests_per_minute: '600', tokens_per_minute: null } },
  tenant_budgets: {
    nightly: { tokens_per_day: 50_000_000, usd_per_day: null },
    trial: { usd_per_day: '0.1', at_limit: 'refuse' },
  },
};
const STORED = {
  quota_overrides: { m: { requests_per_minute: 600 } },
  tenant_budgets: {
    nightly: { tokens_per_day: 50_000_000 },
    trial: { usd_per_day: 0.1, at_limit: 'refuse' },
  },
};

describe.runIf(onPath('terraform'))('by Terraform itself', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'smoother-variables-'));
  const plan = (given: object) => {
    writeFileSync(path.join(folder, 'given.tfvars.json'), JSON.stringify({ ...REQUIRED, ...given }));
    const { failed, output } = terraform(
      folder,
      'plan',
      '-input=false',
      '-var-file=given.tfvars.json',
      '-out=plan',
    );
    return { failed, says: output.replaceAll(/\s*\n[│\s]*/g, ' ') };
  };
  beforeAll(() => {
    const { item } = json.resource.aws_dynamodb_table_item?.settings ?? {};
    const table = { type: 'string', default: '' };
    const settings = String(item).replaceAll(/aws_dynamodb_table\.\w+\.\w+/g, 'var.table');
    const stack = { variable: { ...json.variable, table }, output: { settings: { value: settings } } };
    writeFileSync(path.join(folder, 'main.tf.json'), JSON.stringify(stack));
    expect(terraform(folder, 'init', '-input=false')).toMatchObject({ failed: false });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('refuses the same, and says why', { timeout: 120_000 }, () => {
    for (const [name, value, expected] of MISTAKES) {
      const { failed, says } = plan({ [name]: value });
      expect([name, value, failed]).toEqual([name, value, true]);
      expect(says).toContain(`${name} ${expected}`);
      expect(says.match(/Error: /g)).toHaveLength(1);
    }
  });

  it('stores the same', { timeout: 120_000 }, () => {
    expect(plan(LOOSE)).toMatchObject({ failed: false });
    // One line; warnings may follow.
    const [shown = ''] = terraform(folder, 'show', '-json', 'plan').output.split('\n');
    const { planned_values } = JSON.parse(shown);
    const item = JSON.parse(planned_values.outputs.settings.value);
    expect(JSON.parse(item.json.S, (_, value) => value ?? undefined)).toMatchObject(STORED);
  });
});

describe('rules', () => {
  it.each<[VariableName, unknown]>([
    ['aws_region', 'mars'],
    ['notification_email', 'nobody'],
    ['notification_email', 'platform-team@example.com\n'],
    ['average_request_duration', 0],
    ['minutes_to_process', 61],
    ['max_concurrent_executions', 1],
    ['max_concurrent_executions', 1001],
    ['max_concurrent_executions', 2.5],
    ['max_concurrent_ingestions', 1],
    ['max_concurrent_ingestions', 2.5],
    ['max_concurrent_ingestions', 1001],
    ['alarm_threshold', -1],
    ['alarm_evaluation_periods', 37],
    ['dashboard_name', 'my dashboard'],
    ['queue_depth_threshold', 0],
    ['max_attempts', 0],
    ['name_prefix', 'ab'],
    ['name_prefix', 'a-name-of-25-characters-x'],
    ['name_prefix', 'Production'],
    ['payload_retention_days', 1],
    ['log_retention_days', 4],
    ['invocation_timeout_seconds', 900],
    ['prioritization_memory_megabytes', 255],
    ['prioritization_memory_megabytes', 10_241],
    ['invocation_memory_megabytes', 255],
    ['results_visibility_timeout_seconds', 29],
    ['results_visibility_timeout_seconds', 43_201],
    ['quota_overrides', { model: {} }],
    ['quota_overrides', { model: { requests_per_minute: 10, tokens_per_minute: -1 } }],
    ['tenant_weights', { chat: 0 }],
    ['media_object_arns', ['s3://my-media/videos/*']],
    ['media_object_arns', ['arn:aws:s3:::my-media']],
    ['priority_weights', { 0: 1 }],
  ])('%s refuses %j and says what is expected', (name, value) => {
    const rule = VARIABLES.find((variable) => variable.name === name)?.rules[0];
    expect(() => evaluate(json, { ...REQUIRED, [name]: value })).toThrow(rule?.message);
  });

  it.each([
    ['priority_weights', { 1: 0 }, 'greater than 0 and at most 1000000'],
    ['priority_weights', { 1: null }, 'greater than 0'],
    // Their sum would be infinite, and the share of each nothing.
    ['priority_weights', { 1: 1e308, 2: 1e308 }, 'at most 1000000'],
    ['tenant_weights', { chat: null }, 'greater than 0'],
    ['tenant_weights', { chat: 1e308 }, 'at most 1000000'],
    ['tenant_weights', { 'a team': 1 }, 'tenants as keys'],
  ])('%s refuses %j, and says: %s', (name, value, expected) => {
    expect(() => evaluate(json, { ...REQUIRED, [name]: value })).toThrow(expected);
  });

  it('media_object_arns may have as many characters as fit into the role, and no more', () => {
    const of = (count: number) =>
      Array.from({ length: count }, (_, i) => `arn:aws:s3:::my-media-of-${i + 100}/videos/*`);
    const given = (media_object_arns: string[]) => evaluate(json, { ...REQUIRED, media_object_arns });
    const policy = resourceAt(given(of(150)), 'aws_iam_role_policy.invocation_permissions').text('policy');
    expect(policy.length).toBeLessThan(10_240);
    expect(() => given(of(151))).toThrow('media_object_arns must have at most 6,000 characters together');
  });

  it.each(['xn--smoother', 'sthree-smoother', 'amzn-s3-demo-smoother'])(
    'name_prefix refuses %s, which S3 reserves',
    (name_prefix) => {
      expect(() => evaluate(json, { ...REQUIRED, name_prefix })).toThrow('which S3 reserves');
    },
  );

  it.each(MISTAKES)('%s refuses %j: it %s', (name, value, expected) => {
    expect(() => evaluate(json, { ...REQUIRED, [name]: value })).toThrow(`${name} ${expected}`);
  });

  it('quotas and budgets may be left out by null, and given as text', () => {
    const item = jsonOf<{ json: { S: string } }>(
      resourceAt(evaluate(json, { ...REQUIRED, ...LOOSE }), 'aws_dynamodb_table_item.settings'),
      'item',
    );
    expect(JSON.parse(item.json.S, (_, value) => value ?? undefined)).toMatchObject(STORED);
  });

  it.each([
    [
      { acme: { 'us.amazon.nova-lite-v1:0': 'us.amazon.nova-lite-v1:0' } },
      'must give each model of a tenant the ARN',
    ],
    [
      {
        acme: {
          'us.amazon.nova-lite-v1:0': PROFILE.replace('application-inference-profile', 'inference-profile'),
        },
      },
      'must give each model of a tenant the ARN',
    ],
    [{ acme: { [PROFILE]: PROFILE } }, 'must name the models of a tenant by model id'],
    [{ 'a b': { 'us.amazon.nova-lite-v1:0': PROFILE } }, 'must have tenants as keys'],
  ])('tenant_inference_profiles refuses %j: it %s', (value, expected) => {
    expect(() => evaluate(json, { ...REQUIRED, tenant_inference_profiles: value })).toThrow(
      `tenant_inference_profiles ${expected}`,
    );
  });

  it.each([
    [{ 'us.amazon.nova-lite-v1:0': PROFILE }, 'must have ARNs of application inference profiles as keys'],
    [{ [PROFILE]: PROFILE }, 'must give each ARN a model id or inference profile id'],
    [{ [PROFILE]: 'Claude Sonnet 4.6' }, 'must give each ARN a model id or inference profile id'],
  ])('application_inference_profiles refuses %j: it %s', (value, expected) => {
    expect(() => evaluate(json, { ...REQUIRED, application_inference_profiles: value })).toThrow(
      `application_inference_profiles ${expected}`,
    );
  });

  it.each([
    [30, 10, 5],
    [100, 33, 5],
    [12, 4, 4],
    [2, 2, 2],
  ])(
    '%i workers leave room for %i ingestions and %i batches, unless the operator says otherwise',
    (workers, ingestions, batches) => {
      const stack = evaluate(json, { ...REQUIRED, max_concurrent_executions: workers });
      const most = (name: string) =>
        resourceAt(stack, `aws_lambda_event_source_mapping.${name}`).blocks('scaling_config');
      expect(most('input_to_ingestion')).toEqual([{ maximum_concurrency: ingestions }]);
      expect(most('batches_to_batch')).toEqual([{ maximum_concurrency: batches }]);
    },
  );

  it('alarm_threshold may be 0: the first error raises the alarm', () => {
    const alarm = resourceAt(
      evaluate(json, { ...REQUIRED, alarm_threshold: 0 }),
      'aws_cloudwatch_metric_alarm.bedrock_errors',
    );
    expect(alarm.number('threshold', -1)).toBe(0);
    expect(alarm.text('comparison_operator')).toBe('GreaterThanThreshold');
  });

  it('notification_email is required', () => {
    expect(() => evaluate(json, {})).toThrow(/notification_email/);
  });
});

it('the longest prefix still makes names that AWS accepts', () => {
  const stack = evaluate(json, {
    ...REQUIRED,
    name_prefix: 'a-prefix-of-24-character',
    aws_region: 'us-northwest-12',
  });
  const lengths = (type: string, attribute: string) =>
    stack.resources(type).map((resource) => resource.text(attribute).length);
  expect(Math.max(...lengths('aws_s3_bucket', 'bucket'))).toBeLessThanOrEqual(63);
  expect(Math.max(...lengths('aws_iam_role', 'name'))).toBeLessThanOrEqual(64);
  expect(Math.max(...lengths('aws_lambda_function', 'function_name'))).toBeLessThanOrEqual(64);
  expect(Math.max(...lengths('aws_sqs_queue', 'name'))).toBeLessThanOrEqual(80);
});
