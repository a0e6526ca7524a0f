/** Which stack is meant, and clients for it. */
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { SmootherUsageError } from './errors.ts';
import { checkOptions } from './options.ts';

/** The stack's outputs by name, as far as the library uses them. */
export interface StackOutputs {
  input_queue_url: string;
  requests_table_name: string;
  bedrock_calls_bucket_name: string;
  region?: string;
  bedrock_results_queue_url?: string;
  results_queue_urls?: Record<string, string>;
}

export interface ConnectionOptions {
  /**
   * The stack's outputs: a file with what `terraform output -json` prints, or the outputs themselves, by name.
   * Default: the file that the environment variable SMOOTHER_OUTPUTS names.
   */
  outputs?: string | StackOutputs | Record<string, { value: unknown }>;
  /** Default: that of the outputs, else the SDK's own. */
  region?: string;
  /** Default: as the SDK finds them. */
  credentials?: SQSClientConfig['credentials'];
  /** Of the local cloud, for example. Default: as the SDK finds it. */
  endpoint?: string;
}

export interface Connection {
  outputs: StackOutputs;
  sqs: SQSClient;
  dynamo: DynamoDBClient;
  s3: S3Client;
}

/** A connection that has died unnoticed must not hold up all who wait. A queue answers after 20 seconds at the latest. */
const CONNECTION_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;

const REQUIRED = ['input_queue_url', 'requests_table_name', 'bedrock_calls_bucket_name'] as const;

/** @throws SmootherUsageError when an option is unknown, there are no outputs, or one is missing */
export function connect(options: ConnectionOptions, environment = process.env): Connection {
  checkOptions<ConnectionOptions>(options, {
    outputs: true,
    region: true,
    credentials: true,
    endpoint: true,
  });
  const outputs = readOutputs(options.outputs ?? environment.SMOOTHER_OUTPUTS);
  const { credentials, endpoint, region = outputs.region } = options;
  const requestHandler = { connectionTimeout: CONNECTION_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS };
  const config = { credentials, endpoint, region, requestHandler };
  // At a custom endpoint a bucket is a path: nothing resolves `bucket.127.0.0.1`.
  const forcePathStyle = Boolean(endpoint ?? environment.AWS_ENDPOINT_URL ?? environment.AWS_ENDPOINT_URL_S3);
  return {
    outputs,
    sqs: new SQSClient(config),
    dynamo: new DynamoDBClient(config),
    s3: new S3Client({ ...config, forcePathStyle }),
  };
}

function readOutputs(given: ConnectionOptions['outputs']): StackOutputs {
  if (given === undefined || given === '') {
    throw new SmootherUsageError(
      'outputs: a file or the outputs themselves must be given, or SMOOTHER_OUTPUTS set',
    );
  }
  const place = typeof given === 'string' ? given : 'outputs';
  const raw: unknown = typeof given === 'string' ? parse(given) : given;
  const entries = Object.entries(Object(raw) as Record<string, unknown>).map(([name, value]) => {
    const isWrapped = typeof value === 'object' && value !== null && 'value' in value;
    return [name, isWrapped ? value.value : value];
  });
  const outputs = Object.fromEntries(entries) as StackOutputs;
  const missing = REQUIRED.filter((name) => typeof outputs[name] !== 'string');
  if (missing.length > 0) {
    throw new SmootherUsageError(
      `${place}: must hold what "terraform output -json" prints; ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing`,
    );
  }
  return outputs;
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SmootherUsageError(
      `outputs: ${file} cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}
