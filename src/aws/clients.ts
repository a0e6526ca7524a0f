/** The SDK's clients. A handler creates each once, outside of its function: a container keeps its connections. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SNSClient } from '@aws-sdk/client-sns';
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

/** Long enough for a leader: what fails is tried again at its next tick. */
const ATTEMPTS = 4;
/**
 * For ingestion: a message that fails goes back to its queue and after five receives to the dead letters, so a new table or
 * prefix that is throttled for some seconds is waited for, half a minute at most.
 */
export const PATIENT_ATTEMPTS = 7;

export interface ClientOptions {
  /** Default: what the SDK finds in the environment. */
  region?: string;
  maxAttempts?: number;
}

function clientConfig(
  { region, maxAttempts = ATTEMPTS }: ClientOptions = {},
  requestTimeout = REQUEST_TIMEOUT_MS,
) {
  return {
    region,
    retryMode: 'standard',
    maxAttempts,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets: MAX_SOCKETS },
      httpsAgent: { maxSockets: MAX_SOCKETS },
    },
  };
}

export function dynamoClient(options?: ClientOptions): DynamoDBClient {
  return new DynamoDBClient(clientConfig(options));
}

export function sqsClient(options?: ClientOptions): SQSClient {
  return new SQSClient(clientConfig(options));
}

export function snsClient(): SNSClient {
  return new SNSClient(clientConfig());
}

export function quotasClient(): ServiceQuotasClient {
  return new ServiceQuotasClient(clientConfig());
}

/**
 * Does not say on whose behalf it calls. Lambda stops a chain of functions that has come around sixteen times, and follows it
 * by this header. A leader that was woken works for everybody: with it, all that the leader releases would count as part of
 * the chain of the one message that woke it.
 */
export function lambdaClient(): LambdaClient {
  return offTheChain(new LambdaClient(clientConfig()));
}

/** For a function that sends itself what is left to do, which may be more than sixteen times: it too leaves the chain. */
export function continuingSqsClient(): SQSClient {
  return offTheChain(sqsClient());
}

function offTheChain<C extends LambdaClient | SQSClient>(client: C): C {
  client.middlewareStack.removeByTag('RECURSION_DETECTION');
  return client;
}

export interface S3ClientOptions extends ClientOptions {
  /**
   * The SDK adds a checksum to each part of an upload, which S3 refuses for one that was begun without; then it wants them all
   * at the end. The signature has a hash of the body in any case.
   */
  requestChecksumCalculation?: 'WHEN_REQUIRED';
}

/** At a custom endpoint a bucket is a path: nothing resolves `bucket.127.0.0.1`. */
export function s3Client(
  environment: Readonly<Record<string, string | undefined>>,
  { requestChecksumCalculation, ...options }: S3ClientOptions = {},
): S3Client {
  return new S3Client({
    ...clientConfig(options, OBJECT_TIMEOUT_MS),
    ...(requestChecksumCalculation && { requestChecksumCalculation }),
    forcePathStyle: Boolean(environment.AWS_ENDPOINT_URL || environment.AWS_ENDPOINT_URL_S3),
  });
}
