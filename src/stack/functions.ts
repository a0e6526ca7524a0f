import { Fn, TerraformLocal } from 'cdktf';
import type { Construct } from 'constructs';
import type { FunctionBundles } from './bundle.ts';
import { type Context, metricsNamespace } from './context.ts';
import {
  batchPermissions,
  countingPermission,
  ingestionPermissions,
  invocationPermissions,
  prioritizationPermissions,
  reportingPermissions,
} from './permissions.ts';
import { SmootherFunction } from './smoother-function.ts';
import type { Stores } from './stores.ts';
import {
  BATCH_TIMEOUT_SECONDS,
  INGESTION_TIMEOUT_SECONDS,
  INVOCATION_TIMEOUT_SECONDS,
  PRIORITIZATION_TIMEOUT_SECONDS,
  REPORTING_TIMEOUT_SECONDS,
} from './timeouts.ts';

export interface Functions {
  ingestion: SmootherFunction;
  prioritization: SmootherFunction;
  invocation: SmootherFunction;
  reporting: SmootherFunction;
  batch: SmootherFunction;
}

export function defineFunctions(
  scope: Construct,
  context: Context,
  stores: Stores,
  bundles: FunctionBundles,
): Functions {
  const { variables } = context;
  const { queues, tables, bucket } = stores;
  const prioritization = new SmootherFunction(scope, 'prioritization', context, {
    name: 'prioritization',
    bundle: bundles.prioritization,
    timeoutSeconds: PRIORITIZATION_TIMEOUT_SECONDS,
    memoryMegabytes: variables.prioritization_memory_megabytes.numberValue,
    environment: {
      REQUESTS_TABLE: tables.requests.name,
      LANES_TABLE: tables.lanes.name,
      HOLD_QUEUE_URL: queues.holdNextBatch.queue.url,
      RESULTS_QUEUE_URL: queues.bedrockResults.queue.url,
      INVOCATION_TIMEOUT_SECONDS: variables.invocation_timeout_seconds.stringValue,
      AVERAGE_REQUEST_DURATION: variables.average_request_duration.stringValue,
      MINUTES_TO_PROCESS: variables.minutes_to_process.stringValue,
      MAX_CONCURRENT_EXECUTIONS: variables.max_concurrent_executions.stringValue,
      QUEUE_DEPTH_THRESHOLD: variables.queue_depth_threshold.stringValue,
      MAX_ATTEMPTS: variables.max_attempts.stringValue,
      METRICS_NAMESPACE: metricsNamespace(context),
    },
    permissions: prioritizationPermissions(context, stores),
  });
  const ingesting = {
    REQUESTS_TABLE: tables.requests.name,
    LANES_TABLE: tables.lanes.name,
    CALLS_BUCKET: bucket.bucket,
    PRIORITIZATION_FUNCTION: prioritization.lambda.functionName,
    PAYLOAD_RETENTION_DAYS: variables.payload_retention_days.stringValue,
    COUNT_TOKENS: variables.count_tokens.stringValue,
    ACCOUNT_ID: context.account.accountId,
  };
  const ingestion = new SmootherFunction(scope, 'request_ingestion', context, {
    name: 'request-ingestion',
    bundle: bundles['request-ingestion'],
    timeoutSeconds: INGESTION_TIMEOUT_SECONDS,
    memoryMegabytes: 512,
    environment: { ...ingesting, RESULTS_QUEUE_URL: queues.bedrockResults.queue.url },
    permissions: ingestionPermissions(context, stores, prioritization),
    optionalPermission: countingPermission(context),
  });
  const invocation = new SmootherFunction(scope, 'invocation', context, {
    name: 'invocation',
    bundle: bundles.invocation,
    timeoutSeconds: INVOCATION_TIMEOUT_SECONDS,
    memoryMegabytes: variables.invocation_memory_megabytes.numberValue,
    environment: {
      REQUESTS_TABLE: tables.requests.name,
      LANES_TABLE: tables.lanes.name,
      CALLS_BUCKET: bucket.bucket,
      PRIORITIZATION_FUNCTION: prioritization.lambda.functionName,
      RESULTS_QUEUE_URL: queues.bedrockResults.queue.url,
      INVOCATION_TIMEOUT_SECONDS: variables.invocation_timeout_seconds.stringValue,
      MAX_ATTEMPTS: variables.max_attempts.stringValue,
      TENANT_IN_REQUEST_METADATA: variables.tenant_in_request_metadata.stringValue,
    },
    permissions: invocationPermissions(context, stores, prioritization, mediaArns(scope, context, stores)),
  });
  const reporting = new SmootherFunction(scope, 'reporting', context, {
    name: 'reporting',
    bundle: bundles.reporting,
    timeoutSeconds: REPORTING_TIMEOUT_SECONDS,
    memoryMegabytes: 256,
    environment: { REPORTING_TABLE: tables.reporting.name },
    permissions: reportingPermissions(stores),
  });
  const batch = new SmootherFunction(scope, 'batch', context, {
    name: 'batch',
    bundle: bundles.batch,
    timeoutSeconds: BATCH_TIMEOUT_SECONDS,
    // Its share of the processor is what a batch is taken in by: this one has more than half of it.
    memoryMegabytes: 1_024,
    environment: {
      ...ingesting,
      BATCHES_TABLE: tables.batches.name,
      BATCHES_QUEUE_URL: queues.batches.queue.url,
      BATCHES_TOPIC_ARN: stores.batchTopic.arn,
    },
    permissions: batchPermissions(stores, prioritization),
    optionalPermission: countingPermission(context),
  });
  return { ingestion, prioritization, invocation, reporting, batch };
}

/** In a local, because CDKTF cannot nest its functions around text that contains references. */
function mediaArns(scope: Construct, { variables }: Context, { bucket }: Stores): string[] {
  const arns = Fn.concat([[`${bucket.arn}/inbox/*`], variables.media_object_arns.listValue]);
  return new TerraformLocal(scope, 'media_arns', arns).asList;
}
