import { describe, expect, test } from 'vitest';
import { ACCOUNT, evaluate, jsonOf, resourceAt, synthesise } from './synthesis.ts';

const stack = evaluate(synthesise());
const at = (address: string) => resourceAt(stack, address);
const alarm = (name: string) => at(`aws_cloudwatch_metric_alarm.${name}`);
const alarms = stack.resources('aws_cloudwatch_metric_alarm');

interface Widget {
  x: number;
  y: number;
  width: number;
  height: number;
  properties: {
    title: string;
    region: string;
    metrics: unknown[][];
    annotations: { horizontal: { label: string; value: number }[] };
  };
}

const widgets = jsonOf<{ widgets: Widget[] }>(
  at('aws_cloudwatch_dashboard.bedrock'),
  'dashboard_body',
).widgets;
const dashboard = JSON.stringify(widgets);

/** Metrics of AWS/Bedrock as AWS lists them; anything else would never have data. */
const BEDROCK_METRICS = [
  'Invocations',
  'InvocationLatency',
  'InvocationClientErrors',
  'InvocationServerErrors',
  'InvocationThrottles',
  'InputTokenCount',
  'OutputTokenCount',
  'CacheReadInputTokenCount',
  'CacheWriteInputTokenCount',
];

describe('alarms', () => {
  test.each([
    ['bedrock_errors', 'InvocationClientErrors'],
    ['bedrock_server_errors', 'InvocationServerErrors'],
  ])('%s watches %s of all models by a query', (name, metric) => {
    expect(alarm(name).blocks('metric_query')).toEqual([
      {
        id: 'q1',
        expression: `SELECT SUM(${metric}) FROM SCHEMA("AWS/Bedrock", ModelId)`,
        period: 300,
        return_data: true,
      },
    ]);
    expect(BEDROCK_METRICS).toContain(metric);
    expect(alarm(name).has('metric_name')).toBe(false);
    expect(alarm(name).text('treat_missing_data')).toBe('notBreaching');
  });

  test.each(['input_dlq', 'hold_next_batch_dlq', 'reporting_dlq'])('a message in %s raises one', (queue) => {
    const name = at(`aws_sqs_queue.${queue}`).text('name');
    const watching = alarms.filter((candidate) => candidate.blocks('dimensions')[0]?.QueueName === name);
    expect(
      watching.map((it) => [
        it.text('metric_name'),
        it.text('comparison_operator'),
        it.number('threshold', -1),
      ]),
    ).toEqual([['ApproximateNumberOfMessagesVisible', 'GreaterThanThreshold', 0]]);
  });

  test.each(stack.resources('aws_lambda_function').map((fn) => fn.text('function_name')))(
    'an error of %s raises one',
    (name) => {
      const watching = alarms.filter(
        (it) =>
          it.has('metric_name') &&
          it.text('metric_name') === 'Errors' &&
          it.blocks('dimensions')[0]?.FunctionName === name,
      );
      expect(watching).toHaveLength(1);
      expect(watching[0]?.number('threshold', -1)).toBe(0);
    },
  );

  test('the heartbeat alarms when there is none', () => {
    const heartbeat = alarm('prioritization_heartbeat');
    expect(heartbeat.text('namespace')).toBe('bedrock-request-smoother');
    expect(heartbeat.text('metric_name')).toBe('Heartbeat');
    expect(heartbeat.text('comparison_operator')).toBe('LessThanThreshold');
    expect(heartbeat.number('threshold', 0)).toBe(1);
    expect(heartbeat.text('treat_missing_data')).toBe('breaching');
  });

  test('the oldest waiting request is that of the backlog, by a metric of our own', () => {
    const oldest = alarm('oldest_waiting_request');
    expect(oldest.text('namespace')).toBe('bedrock-request-smoother');
    expect(oldest.text('metric_name')).toBe('OldestWaitingSeconds');
  });

  test('reporting that falls behind raises one', () => {
    expect(alarm('reporting_iterator_age').text('metric_name')).toBe('IteratorAge');
  });

  test('all go to the topic, and say when they are over', () => {
    const topic = at('aws_sns_topic.alarm').text('arn');
    for (const it of alarms) {
      expect(it.list('alarm_actions')).toEqual([topic]);
      expect(it.list('ok_actions')).toEqual([topic]);
      expect(['breaching', 'notBreaching']).toContain(it.text('treat_missing_data'));
    }
  });
});

describe('topic', () => {
  test('CloudWatch of this account may publish', () => {
    const topic = at('aws_sns_topic.alarm');
    expect(topic.has('kms_master_key_id')).toBe(false);
    expect(
      jsonOf<{ Statement: object[] }>(at('aws_sns_topic_policy.alarm_policy'), 'policy').Statement,
    ).toMatchObject([
      {
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: ['sns:Publish'],
        Resource: [topic.text('arn')],
        Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
      },
    ]);
  });

  test('an e-mail address is subscribed', () => {
    const subscription = at('aws_sns_topic_subscription.alarm_email');
    expect(subscription.text('topic_arn')).toBe(at('aws_sns_topic.alarm').text('arn'));
    expect(subscription.text('protocol')).toBe('email');
  });
});

describe('dashboard', () => {
  test('shows Bedrock, lanes, queues and functions', () => {
    const shown = [
      ...BEDROCK_METRICS,
      'QuotaUtilisation',
      'TokensWonBack',
      'OldestWaitingSeconds',
      'ApproximateNumberOfMessagesVisible',
      'ApproximateAgeOfOldestMessage',
      'Errors',
      'Duration',
      'IteratorAge',
    ];
    expect(shown.filter((metric) => !dashboard.includes(metric))).toEqual([]);
  });

  test('knows no metric of Bedrock that AWS does not publish', () => {
    const named = [...dashboard.matchAll(/SUM\((\w+)\)|AWS\/Bedrock,ModelId\} MetricName=\\*"(\w+)/g)].map(
      ([, inQuery, inSearch]) => inQuery ?? inSearch,
    );
    expect(named.length).toBeGreaterThanOrEqual(BEDROCK_METRICS.length);
    expect(named.filter((metric) => !BEDROCK_METRICS.includes(String(metric)))).toEqual([]);
  });

  test('draws thresholds with the numbers of the alarms', () => {
    const drawn = widgets
      .flatMap((widget) => widget.properties.annotations.horizontal)
      .filter(({ label }) => label.startsWith('alarm '));
    expect(drawn.length).toBeGreaterThanOrEqual(9);
    for (const { label, value } of drawn) {
      expect(alarm(label.replace('alarm ', '')).number('threshold', Number.NaN)).toBe(value);
    }
  });

  test('its graphs do not cover each other and stay on the grid', () => {
    const cells = widgets.map(({ x, y }) => `${x},${y}`);
    expect(new Set(cells).size).toBe(widgets.length);
    for (const { x, width } of widgets) expect(x + width).toBeLessThanOrEqual(24);
  });
});
