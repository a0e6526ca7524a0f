/** The SDK's clients. A handler creates each once, outside of its function: a container keeps its connections. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SQSClient } from '@aws-sdk/client-sqs';

/**
 * A call without an answer after this time is given up and tried again. These services answer in milliseconds. A late call
 * has mostly taken effect and lacks only its answer, and another attempt of SendMessage would then send a message twice. So
 * this time is for calls that are truly lost, not for slow ones: on a busy laptop the local cloud has taken ten seconds. A
 * leader that waits so long loses its lease, which is safe.
 */
const REQUEST_TIMEOUT_MS = 30_000;
/** Objects can be tens of megabytes. */
const OBJECT_TIMEOUT_MS = 60_000;
/** Long enough for a function with little processor time to notice that its connection is established. */
const CONNECTION_TIMEOUT_MS = 10_000;
/** Workers of a bundle and a leader's writes run side by side. */
const MAX_SOCKETS = 100;

/** @param region default: what the SDK finds in the environment */
function clientConfig(region?: string, requestTimeout = REQUEST_TIMEOUT_MS) {
  return {
    region,
    retryMode: 'standard',
    maxAttempts: 4,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets: MAX_SOCKETS },
      httpsAgent: { maxSockets: MAX_SOCKETS },
    },
  };
}

export function dynamoClient(region?: string): DynamoDBClient {
  return new DynamoDBClient(clientConfig(region));
}

export function sqsClient(region?: string): SQSClient {
  return new SQSClient(clientConfig(region));
}

export function quotasClient(): ServiceQuotasClient {
  return new ServiceQuotasClient(clientConfig());
}

export function lambdaClient(): LambdaClient {
  return new LambdaClient(clientConfig());
}

/** At a custom endpoint a bucket is a path: nothing resolves `bucket.127.0.0.1`. */
export function s3Client(
  environment: Readonly<Record<string, string | undefined>>,
  region?: string,
): S3Client {
  return new S3Client({
    ...clientConfig(region, OBJECT_TIMEOUT_MS),
    forcePathStyle: Boolean(environment.AWS_ENDPOINT_URL || environment.AWS_ENDPOINT_URL_S3),
  });
}
