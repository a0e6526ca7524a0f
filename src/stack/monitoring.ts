import { CloudwatchDashboard } from '@cdktf/provider-aws/lib/cloudwatch-dashboard';
import { CloudwatchMetricAlarm } from '@cdktf/provider-aws/lib/cloudwatch-metric-alarm';
import { SnsTopic } from '@cdktf/provider-aws/lib/sns-topic';
import { SnsTopicPolicy } from '@cdktf/provider-aws/lib/sns-topic-policy';
import { SnsTopicSubscription } from '@cdktf/provider-aws/lib/sns-topic-subscription';
import type { Construct } from 'constructs';
import { type Alarm, alarmsOf } from './alarms.ts';
import { type Context, nameOf } from './context.ts';
import { dashboardBody } from './dashboard.ts';
import type { Functions } from './functions.ts';
import { policyDocument } from './policy.ts';
import type { Stores } from './stores.ts';

export interface Monitoring {
  topic: SnsTopic;
  bedrockErrors: CloudwatchMetricAlarm;
  dashboard: CloudwatchDashboard;
}

export function defineMonitoring(
  scope: Construct,
  context: Context,
  stores: Stores,
  functions: Functions,
): Monitoring {
  const topic = defineTopic(scope, context);
  const alarms = alarmsOf(context, stores, functions);
  const { bedrockErrors, ...others } = alarms;
  for (const alarm of Object.values(others).flat()) defineAlarm(scope, context, topic, alarm);
  const dashboard = new CloudwatchDashboard(scope, 'bedrock', {
    dashboardName: context.variables.dashboard_name.stringValue,
    dashboardBody: dashboardBody(context, stores, functions, alarms),
  });
  return { topic, bedrockErrors: defineAlarm(scope, context, topic, bedrockErrors), dashboard };
}

/**
 * The topic is not encrypted: CloudWatch cannot publish to a topic that is encrypted with the key that AWS manages, and
 * the content of an alarm (its name and a number) does not justify a customer-managed key.
 */
function defineTopic(scope: Construct, context: Context): SnsTopic {
  const topic = new SnsTopic(scope, 'alarm', {
    name: nameOf(context, 'alarms'),
    // The sender's name in the e-mails.
    displayName: nameOf(context, 'alarms'),
  });
  new SnsTopicPolicy(scope, 'alarm_policy', {
    arn: topic.arn,
    policy: policyDocument([
      {
        Sid: 'CloudWatchPublishes',
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: ['sns:Publish'],
        Resource: [topic.arn],
        Condition: { StringEquals: { 'aws:SourceAccount': context.account.accountId } },
      },
    ]),
  });
  new SnsTopicSubscription(scope, 'alarm_email', {
    topicArn: topic.arn,
    protocol: 'email',
    endpoint: context.variables.notification_email.stringValue,
  });
  return topic;
}

function defineAlarm(
  scope: Construct,
  context: Context,
  topic: SnsTopic,
  alarm: Alarm,
): CloudwatchMetricAlarm {
  return new CloudwatchMetricAlarm(scope, alarm.id, {
    forEach: alarm.forEach,
    alarmName: nameOf(
      context,
      alarm.id.replaceAll('_', '-') + (alarm.forEach ? `-${alarm.forEach.key}` : ''),
    ),
    alarmDescription: `${alarm.description}. First command: smoother ${alarm.command} --name-prefix ${context.variables.name_prefix.stringValue}`,
    comparisonOperator: alarm.comparison,
    threshold: alarm.threshold,
    evaluationPeriods: alarm.evaluationPeriods,
    treatMissingData: alarm.missingData,
    alarmActions: [topic.arn],
    okActions: [topic.arn],
    ...watch(alarm),
  });
}

function watch({ watched, periodSeconds }: Alarm) {
  if ('query' in watched) {
    return {
      metricQuery: [{ id: 'q1', expression: watched.query, period: periodSeconds, returnData: true }],
    };
  }
  return {
    namespace: watched.namespace,
    metricName: watched.name,
    dimensions: watched.dimensions,
    statistic: watched.stat,
    period: periodSeconds,
  };
}
