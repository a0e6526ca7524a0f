import { Fn, TerraformLocal, TerraformOutput, Token } from 'cdktf';
import type { Construct } from 'constructs';
import { type Context, metricsNamespace } from './context.ts';
import type { Functions } from './functions.ts';
import type { Monitoring } from './monitoring.ts';
import { operatorReads, operatorWrites } from './operator-policies.ts';
import { allow, policyDocument } from './policy.ts';
import type { Stores } from './stores.ts';

/** Host of the AWS console by partition. */
const CONSOLES = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

/**
 * What producers and operators need. Outputs are declared on the stack itself: inside a construct, their names would
 * get a generated suffix.
 */
export function defineOutputs(
  stack: Construct,
  context: Context,
  stores: Stores,
  functions: Functions,
  monitoring: Monitoring,
): void {
  const { queues, tables, bucket, batchTopic } = stores;
  const { variables } = context;
  const namedConsumerPolicy = new TerraformLocal(
    stack,
    'named_consumer_policy',
    policyDocument([
      allow(
        'TakeResults',
        ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
        [`${queues.bedrockResults.queue.arn}-%s`],
      ),
      allow('GetLargeOutputs', ['s3:GetObject'], [`${bucket.arn}/outputs/*`]),
    ]),
  );
  const outputs: Record<string, [value: string, description: string]> = {
    region: [variables.aws_region.stringValue, 'Region of the deployment'],
    input_queue_url: [queues.input.queue.url, 'Queue that producers send requests to'],
    input_dlq_url: [queues.input.deadLetters.queue.url, 'Queue of the messages that ingestion failed on'],
    bedrock_results_queue_url: [
      queues.bedrockResults.queue.url,
      'Queue that results arrive on, unless their requests name another',
    ],
    hold_next_batch_queue_url: [
      queues.holdNextBatch.queue.url,
      'Queue of the releases that wait for a worker',
    ],
    hold_next_batch_dlq_url: [
      queues.holdNextBatch.deadLetters.queue.url,
      'Queue of the releases that no worker could take; their requests return to the backlog by themselves',
    ],
    reporting_dlq_url: [
      queues.reportingFailures.queue.url,
      'Queue of the table changes that reporting failed on',
    ],
    batches_queue_url: [
      queues.batches.queue.url,
      'Queue of what S3 says about batch files, and of what is left to do about them',
    ],
    batches_dlq_url: [
      queues.batches.deadLetters.queue.url,
      'Queue of the messages that the batch function failed on; their batches stand still',
    ],
    requests_table_name: [tables.requests.name, 'Table with one record for each request'],
    lanes_table_name: [tables.lanes.name, 'Table with the state of the lanes'],
    reporting_table_name: [tables.reporting.name, 'Table with the counts of each minute'],
    batches_table_name: [tables.batches.name, 'Table with one item for each batch file'],
    bedrock_calls_bucket_name: [
      bucket.bucket,
      'Bucket of payloads and large outputs, with the inbox for large requests, and of batch files',
    ],
    batches_topic_arn: [batchTopic.arn, 'Topic that tells of each batch file that has been answered'],
    alarm_topic_arn: [monitoring.topic.arn, 'Topic that alarms are published to'],
    bedrock_errors_alarm_arn: [monitoring.bedrockErrors.arn, 'Alarm on errors of Bedrock calls'],
    bedrock_dashboard_name: [monitoring.dashboard.dashboardName, 'Name of the CloudWatch dashboard'],
    bedrock_dashboard_url: [dashboardUrl(context), 'The CloudWatch dashboard in the AWS console'],
    metrics_namespace: [metricsNamespace(context), 'CloudWatch namespace of the metrics by lane'],
    request_ingestion_function_name: [functions.ingestion.lambda.functionName, 'Function of ingestion'],
    prioritization_function_name: [
      functions.prioritization.lambda.functionName,
      'Function of prioritization',
    ],
    invocation_function_name: [functions.invocation.lambda.functionName, 'Function of invocation'],
    reporting_function_name: [functions.reporting.lambda.functionName, 'Function of reporting'],
    batch_function_name: [functions.batch.lambda.functionName, 'Function of batch files'],
    batch_role_arn: [
      functions.batch.role.arn,
      'Role that reads batch files: for the policies of KMS keys that encrypt them',
    ],
    request_ingestion_role_arn: [
      functions.ingestion.role.arn,
      'Role that reads the inbox: for the policies of KMS keys that encrypt objects in it',
    ],
    invocation_role_arn: [
      functions.invocation.role.arn,
      'Role that calls Bedrock: for the policies of buckets with media, and of KMS keys of media, prompts and guardrails',
    ],
    producer_policy_json: [
      policyDocument([
        allow('SendRequests', ['sqs:SendMessage'], [queues.input.queue.arn]),
        allow('PutLargeRequests', ['s3:PutObject'], [`${bucket.arn}/inbox/*`]),
      ]),
      'IAM policy for producers, who send requests',
    ],
    consumer_policy_json: [
      policyDocument([
        allow(
          'TakeResults',
          ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
          [queues.bedrockResults.queue.arn],
        ),
        allow('GetLargeOutputs', ['s3:GetObject'], [`${bucket.arn}/outputs/*`]),
      ]),
      'IAM policy for consumers, who receive results',
    ],
    client_policy_json: [
      policyDocument([
        allow('SendRequests', ['sqs:SendMessage'], [queues.input.queue.arn]),
        allow('PutLargeRequests', ['s3:PutObject'], [`${bucket.arn}/inbox/*`]),
        allow('ReadRecords', ['dynamodb:BatchGetItem'], [tables.requests.arn]),
        allow('SeeWhatIsAhead', ['dynamodb:Query'], [`${tables.requests.arn}/index/backlog`]),
        allow('GetLargeOutputs', ['s3:GetObject'], [`${bucket.arn}/outputs/*`]),
      ]),
      'IAM policy for the client library, the sidecar and the command line, which read results from the table',
    ],
    batch_policy_json: [
      policyDocument([
        allow('DropBatches', ['s3:PutObject', 's3:GetObject'], [`${bucket.arn}/batches/*`]),
        allow('GetBatchOutputs', ['s3:GetObject'], [`${bucket.arn}/batch-outputs/*`]),
        // For `aws s3 cp --recursive`, which lists a folder before it copies it.
        {
          ...allow('ListBatchOutputs', ['s3:ListBucket'], [bucket.arn]),
          Condition: { StringLike: { 's3:prefix': 'batch-outputs/*' } },
        },
      ]),
      'IAM policy for those who drop batch files and fetch the answers',
    ],
    operator_read_policy_json: [
      policyDocument(operatorReads(stores, functions, monitoring)),
      'IAM policy for operators who look: lanes, requests, reports, doctor, the console',
    ],
    operator_write_policy_json: [
      policyDocument(operatorWrites(stores)),
      'IAM policy for operators who act (pause, resume, cancel, retry, dead letters), beside operator_read_policy_json',
    ],
    results_queue_urls: [
      byQueue('%s-%s', variables, queues.bedrockResults.queue.url),
      'Results queues by the names in results_queues',
    ],
    results_consumer_policies_json: [
      byQueue(namedConsumerPolicy.asString, variables),
      'IAM policies for the consumers of each of the results_queues, by name',
    ],
  };
  for (const [name, [value, description]] of Object.entries(outputs)) {
    new TerraformOutput(stack, name, { value, description });
  }
}

/** By the names in results_queues, the template with the texts before and then the name in the places of its %s. */
function byQueue(template: string, { results_queues }: Context['variables'], ...before: string[]): string {
  const names = Fn.tolist(results_queues.value);
  return Token.asString(Fn.zipmap(names, Fn.formatlist(template, [...before, names])));
}

function dashboardUrl({ variables, partition }: Context): string {
  const region = variables.aws_region.stringValue;
  const host: string = Fn.lookup(CONSOLES, partition.partition, CONSOLES.aws);
  return `https://${region}.${host}/cloudwatch/home?region=${region}#dashboards/dashboard/${variables.dashboard_name.stringValue}`;
}
