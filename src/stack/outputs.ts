import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { type Context, metricsNamespace } from './context.ts';
import type { Functions } from './functions.ts';
import type { Monitoring } from './monitoring.ts';
import { allow, policyDocument } from './policy.ts';
import type { Stores } from './stores.ts';

/** What producers and operators need. On the stack itself, or Terraform would not show the plain names. */
export function defineOutputs(
  stack: Construct,
  context: Context,
  stores: Stores,
  functions: Functions,
  monitoring: Monitoring,
): void {
  const { queues, tables, bucket } = stores;
  const outputs: Record<string, [value: string, description: string]> = {
    region: [context.variables.aws_region.stringValue, 'Region of the deployment'],
    input_queue_url: [queues.input.queue.url, 'Where producers send requests'],
    input_dlq_url: [queues.input.deadLetters.queue.url, 'Messages that ingestion failed on'],
    bedrock_results_queue_url: [queues.bedrockResults.queue.url, 'Where producers find results'],
    hold_next_batch_queue_url: [queues.holdNextBatch.queue.url, 'Releases on their way to a worker'],
    hold_next_batch_dlq_url: [
      queues.holdNextBatch.deadLetters.queue.url,
      'Releases that no worker could take; their requests return to the backlog by themselves',
    ],
    reporting_dlq_url: [queues.reportingFailures.queue.url, 'Table changes that reporting failed on'],
    requests_table_name: [tables.requests.name, 'One record a request'],
    lanes_table_name: [tables.lanes.name, 'State of the lanes'],
    reporting_table_name: [tables.reporting.name, 'What happened, by minute'],
    bedrock_calls_bucket_name: [bucket.bucket, 'Payloads, large outputs, and the inbox for large requests'],
    alarm_topic_arn: [monitoring.topic.arn, 'Where alarms are published'],
    bedrock_dashboard_name: [monitoring.dashboard.dashboardName, 'The CloudWatch dashboard'],
    metrics_namespace: [metricsNamespace(context), 'CloudWatch namespace of metrics by lane'],
    request_ingestion_function_name: [functions.ingestion.lambda.functionName, 'Ingestion'],
    prioritization_function_name: [functions.prioritization.lambda.functionName, 'Prioritization'],
    invocation_function_name: [functions.invocation.lambda.functionName, 'Invocation'],
    reporting_function_name: [functions.reporting.lambda.functionName, 'Reporting'],
    producer_policy_json: [
      policyDocument([
        allow('SendRequests', ['sqs:SendMessage'], [queues.input.queue.arn]),
        allow('PutLargeRequests', ['s3:PutObject'], [`${bucket.arn}/inbox/*`]),
      ]),
      'IAM policy of whoever sends requests',
    ],
    consumer_policy_json: [
      policyDocument([
        allow('TakeResults', ['sqs:ReceiveMessage', 'sqs:DeleteMessage'], [queues.bedrockResults.queue.arn]),
        allow('GetLargeOutputs', ['s3:GetObject'], [`${bucket.arn}/outputs/*`]),
      ]),
      'IAM policy of whoever takes results',
    ],
  };
  for (const [name, [value, description]] of Object.entries(outputs)) {
    new TerraformOutput(stack, name, { value, description });
  }
}
