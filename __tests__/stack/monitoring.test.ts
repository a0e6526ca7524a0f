import { describe, expect, it } from 'vitest';
import { ALARMS } from '../../src/lab/cost/monitoring.ts';
import { parse, wordsOf } from '../cli/command-line.ts';
import { ACCOUNT, evaluate, jsonOf, resourceAt, synthesise } from './synthesis.ts';

const stack = evaluate(synthesise());
const at = (address: string) => resourceAt(stack, address);
const alarm = (name: string) => at(`aws_cloudwatch_metric_alarm.${name}`);
const alarms = stack.resources('aws_cloudwatch_metric_alarm');

interface Widget {
  type: 'metric' | 'log';
  x: number;
  y: number;
  width: number;
  height: number;
  properties: {
    title: string;
    region: string;
    /** Of a graph; a table of logs has a query instead. */
    metrics: unknown[][];
    query?: string;
    annotations?: { horizontal: { label: string; value: number }[] };
  };
}

const all = jsonOf<{ widgets: Widget[] }>(at('aws_cloudwatch_dashboard.bedrock'), 'dashboard_body').widgets;
const widgets = all.filter(({ type }) => type === 'metric');
const dashboard = JSON.stringify(all);

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
  it.each([
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

  it.each(['input_dlq', 'hold_next_batch_dlq', 'reporting_dlq'])('a message in %s raises one', (queue) => {
    const name = at(`aws_sqs_queue.${queue}`).text('name');
    const watching = alarms.filter((candidate) => candidate.blocks('dimensions')[0]?.QueueName === name);
    expect(
      watching.map((alarm) => [
        alarm.text('metric_name'),
        alarm.text('comparison_operator'),
        alarm.number('threshold', -1),
      ]),
    ).toEqual([['ApproximateNumberOfMessagesVisible', 'GreaterThanThreshold', 0]]);
  });

  it.each(stack.resources('aws_lambda_function').map((fn) => fn.text('function_name')))(
    'an error of %s raises one',
    (name) => {
      const watching = alarms.filter(
        (candidate) =>
          candidate.has('metric_name') &&
          candidate.text('metric_name') === 'Errors' &&
          candidate.blocks('dimensions')[0]?.FunctionName === name,
      );
      expect(watching).toHaveLength(1);
      expect(watching[0]?.number('threshold', -1)).toBe(0);
    },
  );

  it('the heartbeat alarms when there is none', () => {
    const heartbeat = alarm('prioritization_heartbeat');
    expect(heartbeat.text('namespace')).toBe('bedrock-request-smoother');
    expect(heartbeat.text('metric_name')).toBe('Heartbeat');
    expect(heartbeat.text('comparison_operator')).toBe('LessThanThreshold');
    expect(heartbeat.number('threshold', 0)).toBe(1);
    expect(heartbeat.text('treat_missing_data')).toBe('breaching');
  });

  it('the oldest waiting request is that of the backlog, by a metric of our own', () => {
    const oldest = alarm('oldest_waiting_request');
    expect(oldest.text('namespace')).toBe('bedrock-request-smoother');
    expect(oldest.text('metric_name')).toBe('OldestPriority1To4Seconds');
  });

  it('a lane that is paused for seconds raises none: only five minutes in a row do', () => {
    const paused = alarm('lanes_paused');
    expect(paused.number('period', 0) * paused.number('evaluation_periods', 0)).toBe(300);
    expect(paused.number('evaluation_periods', 0)).toBe(5);
    expect(paused.has('datapoints_to_alarm')).toBe(false);
  });

  it('reporting that falls behind raises one', () => {
    expect(alarm('reporting_iterator_age').text('metric_name')).toBe('IteratorAge');
  });

  it('all go to the topic, and say when they are over', () => {
    const topic = at('aws_sns_topic.alarm').text('arn');
    for (const each of alarms) {
      expect(each.list('alarm_actions')).toEqual([topic]);
      expect(each.list('ok_actions')).toEqual([topic]);
      expect(['breaching', 'notBreaching']).toContain(each.text('treat_missing_data'));
    }
  });
});

it('the benchmark of the cost counts every alarm', () => expect(ALARMS).toBe(alarms.length));

describe('what an alarm says to type first', () => {
  it.each(alarms.map((each) => [each.text('alarm_name'), each.text('alarm_description')]))(
    'is a command that there is, about this stack: %s',
    async (_, description) => {
      const [, line = ''] = /First command: smoother (.+)$/.exec(description) ?? [];
      const { command, args } = await parse(wordsOf(line));
      expect(command).toBe(line.split(' ')[0]);
      expect(args.at(-1)).toMatchObject({ namePrefix: 'bedrock-request-smoother' });
    },
  );
});

describe('topic', () => {
  it('CloudWatch of this account may publish', () => {
    const topic = at('aws_sns_topic.alarm');
    expect(topic.has('kms_master_key_id')).toBe(false);
    expect(topic.text('display_name')).toBe('bedrock-request-smoother-alarms');
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

  it('an e-mail address is subscribed', () => {
    const subscription = at('aws_sns_topic_subscription.alarm_email');
    expect(subscription.text('topic_arn')).toBe(at('aws_sns_topic.alarm').text('arn'));
    expect(subscription.text('protocol')).toBe('email');
  });
});

describe('dashboard', () => {
  it('shows Bedrock, lanes, queues and functions', () => {
    const shown = [
      ...BEDROCK_METRICS,
      'QuotaUtilisation',
      'TokensWonBack',
      'OldestWaitingSeconds',
      'WaitingTokens',
      'PromisesKept',
      'BudgetNotices',
      'ApproximateNumberOfMessagesVisible',
      'ApproximateAgeOfOldestMessage',
      'Errors',
      'Duration',
      'IteratorAge',
    ];
    expect(shown.filter((metric) => !dashboard.includes(metric))).toEqual([]);
  });

  it('reads what binds from the log of prioritization', () => {
    const tables = all.filter(({ type }) => type === 'log').map(({ properties }) => properties.query);
    expect(tables).toEqual([
      "SOURCE '/aws/lambda/bedrock-request-smoother-prioritization' | filter ispresent(Bound) | " +
        'stats count(*) / 6 as minutes by Lane, Bound | sort minutes desc',
    ]);
  });

  it('adds up what functions, tables and queues cost in an hour, by metrics that there are', () => {
    const [cost, ...others] = widgets.filter(({ properties }) => properties.title.startsWith('Cost'));
    expect(others).toEqual([]);
    const lines = cost?.properties.metrics ?? [];
    const expressions = lines.flatMap(([first]) =>
      typeof first === 'object' ? [(first as { expression: string }).expression] : [],
    );
    const named = expressions.flatMap((expression) =>
      [...expression.matchAll(/\b[ftq]\d+\b/g)].map(([id]) => id),
    );
    const hidden = lines.flatMap((line) => {
      const { id, visible } = line.at(-1) as { id?: string; visible?: boolean };
      return visible === false ? [id] : [];
    });
    expect(expressions).toHaveLength(3);
    expect(named.sort()).toEqual(hidden.sort());
    for (const table of stack.resources('aws_dynamodb_table')) {
      expect(JSON.stringify(lines)).toContain(`"TableName","${table.text('name')}"`);
    }
    // Each function costs by its starts and by its time.
    for (const lambda of stack.resources('aws_lambda_function')) {
      for (const metric of ['Invocations', 'Duration']) {
        const named = `"${metric}","FunctionName","${lambda.text('function_name')}"`;
        expect(JSON.stringify(lines)).toContain(named);
      }
    }
  });

  it('knows no metric of Bedrock that AWS does not publish', () => {
    const named = [
      ...dashboard.matchAll(/SELECT SUM\((\w+)\)|AWS\/Bedrock,ModelId\} MetricName=\\*"(\w+)/g),
    ].map(([, inQuery, inSearch]) => inQuery ?? inSearch);
    expect(named.length).toBeGreaterThanOrEqual(BEDROCK_METRICS.length);
    expect(named.filter((metric) => !BEDROCK_METRICS.includes(String(metric)))).toEqual([]);
  });

  it('draws thresholds with the numbers of the alarms', () => {
    const drawn = widgets
      .flatMap((widget) => widget.properties.annotations?.horizontal ?? [])
      .filter(({ label }) => label.startsWith('alarm '));
    expect(drawn.length).toBeGreaterThanOrEqual(9);
    for (const { label, value } of drawn) {
      expect(alarm(label.replace('alarm ', '')).number('threshold', Number.NaN)).toBe(value);
    }
  });

  it('shows by lane which limits are only assumed', () => {
    const lines = widgets.map(({ properties }) => JSON.stringify(properties.metrics));
    expect(lines.filter((metrics) => metrics.includes('LimitsAssumed'))).toHaveLength(1);
  });

  it('asks at most one Metrics Insights query in a widget, which is all that CloudWatch answers', () => {
    const queries = widgets.map(
      ({ properties }) => [...JSON.stringify(properties.metrics).matchAll(/SELECT /g)].length,
    );
    expect(Math.max(...queries)).toBe(1);
  });

  it('leaves out what would be empty', () => {
    expect(dashboard).not.toContain('""');
    expect(dashboard).not.toContain('[]');
  });

  it('draws queue_depth_threshold on the Hold Next Batch queue alone', () => {
    const drawn = widgets.filter(({ properties }) =>
      properties.annotations?.horizontal.some(({ label }) => label === 'queue_depth_threshold'),
    );
    const queues = drawn.flatMap(({ properties }) =>
      properties.metrics.map(([, , , queueName]) => queueName),
    );
    expect(queues).toEqual([at('aws_sqs_queue.hold_next_batch').text('name')]);
  });

  it('its graphs do not cover each other and stay on the grid', () => {
    const cells = all.map(({ x, y }) => `${x},${y}`);
    expect(new Set(cells).size).toBe(all.length);
    for (const { x, width } of all) expect(x + width).toBeLessThanOrEqual(24);
  });
});
