/**
 * The attributes that the provider would compute for each resource and data source. A type that is not listed is an
 * error. Dashboards, alarms, saved queries, log groups, topics and most settings of a bucket do nothing locally; they are evaluated all
 * the same, so that a mistake in them shows.
 */
import type { Value } from './value.ts';

export interface Platform {
  region: string;
  accountId: string;
  /** The URL under which the stack's resources answer, e.g. `http://127.0.0.1:4566`. */
  endpoint: string;
}

/** An attribute of the same resource. */
type Get = (attribute: string) => Value;
type Computed = Record<string, (get: Get, platform: Platform) => Value>;

const arn =
  (service: string, resource: (get: Get) => string) =>
  (get: Get, { region, accountId }: Platform): Value =>
    `arn:aws:${service}:${region}:${accountId}:${resource(get)}`;

const queueUrl = (get: Get, { endpoint, accountId }: Platform) => `${endpoint}/${accountId}/${get('name')}`;
const functionArn = arn('lambda', (get) => `function:${get('function_name')}`);
const name: Computed = { id: (get) => get('name') };

export const RESOURCE_TYPES: Record<string, Computed> = {
  aws_cloudwatch_dashboard: {
    dashboard_arn: arn('cloudwatch', (get) => `dashboard/${get('dashboard_name')}`),
  },
  aws_cloudwatch_event_rule: { ...name, arn: arn('events', (get) => `rule/${get('name')}`) },
  aws_cloudwatch_event_target: {},
  aws_cloudwatch_log_group: { ...name, arn: arn('logs', (get) => `log-group:${get('name')}`) },
  aws_cloudwatch_metric_alarm: {
    id: (get) => get('alarm_name'),
    arn: arn('cloudwatch', (get) => `alarm:${get('alarm_name')}`),
  },
  aws_cloudwatch_query_definition: {},
  aws_dynamodb_table: {
    ...name,
    arn: arn('dynamodb', (get) => `table/${get('name')}`),
    stream_arn: arn('dynamodb', (get) => `table/${get('name')}/stream/2026-01-01T00:00:00.000`),
  },
  aws_dynamodb_table_item: {},
  aws_iam_role: { ...name, arn: (get, { accountId }) => `arn:aws:iam::${accountId}:role/${get('name')}` },
  aws_iam_role_policy: {},
  aws_lambda_event_source_mapping: {},
  aws_lambda_function: {
    id: (get) => get('function_name'),
    arn: functionArn,
    qualified_arn: (get, platform) => `${functionArn(get, platform)}:$LATEST`,
    version: () => '$LATEST',
  },
  aws_lambda_function_event_invoke_config: {},
  aws_lambda_permission: {},
  aws_s3_bucket: {
    id: (get) => get('bucket'),
    arn: (get) => `arn:aws:s3:::${get('bucket')}`,
  },
  aws_s3_bucket_lifecycle_configuration: {},
  aws_s3_bucket_notification: {},
  aws_s3_bucket_ownership_controls: {},
  aws_s3_bucket_policy: {},
  aws_s3_bucket_public_access_block: {},
  aws_s3_bucket_server_side_encryption_configuration: {},
  aws_s3_bucket_versioning: {},
  aws_sns_topic: {
    id: (get, platform) => arn('sns', () => `${get('name')}`)(get, platform),
    arn: arn('sns', (get) => `${get('name')}`),
  },
  aws_sns_topic_policy: {},
  aws_sns_topic_subscription: {},
  aws_sqs_queue: { id: queueUrl, url: queueUrl, arn: arn('sqs', (get) => `${get('name')}`) },
  aws_sqs_queue_policy: {},
  aws_sqs_queue_redrive_allow_policy: {},
};

export const DATA_SOURCES: Record<string, Computed> = {
  aws_caller_identity: {
    account_id: (_, { accountId }) => accountId,
    id: (_, { accountId }) => accountId,
    arn: (_, { accountId }) => `arn:aws:iam::${accountId}:user/operator`,
  },
  aws_partition: { partition: () => 'aws', id: () => 'aws', dns_suffix: () => 'amazonaws.com' },
  aws_region: { region: region, name: region, id: region },
};

function region(_: Get, platform: Platform): Value {
  return platform.region;
}
