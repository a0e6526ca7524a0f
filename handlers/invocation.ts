import { bedrockClient, bedrockRuntime } from '../src/aws/bedrock/runtime.ts';
import { dynamoClient, s3Client, sqsClient } from '../src/aws/clients.ts';
import { dynamoCallReports } from '../src/aws/dynamodb/call-reports.ts';
import { dynamoDirectory } from '../src/aws/dynamodb/directory.ts';
import { dynamoRecords } from '../src/aws/dynamodb/records.ts';
import { readEnvironment } from '../src/aws/environment.ts';
import { s3Payloads } from '../src/aws/s3.ts';
import { sqsResults } from '../src/aws/sqs.ts';
import { systemClock } from '../src/core/clock.ts';
import { invokeBatch, type QueueMessage } from '../src/core/invocation/batch.ts';
import { ENVIRONMENTS } from '../src/core/layout/environment.ts';
import { consoleLog } from '../src/core/log.ts';

const environment = readEnvironment(ENVIRONMENTS.invocation, process.env);
const dynamo = dynamoClient();
const ports = {
  records: dynamoRecords(dynamo, environment.REQUESTS_TABLE),
  payloads: s3Payloads(s3Client(process.env), environment.CALLS_BUCKET),
  model: bedrockRuntime(bedrockClient()),
  results: sqsResults(sqsClient(), environment.RESULTS_QUEUE_URL),
  directory: dynamoDirectory(dynamo, environment.LANES_TABLE),
  reports: dynamoCallReports(dynamo, environment.LANES_TABLE),
  clock: systemClock,
  log: consoleLog,
  bucket: environment.CALLS_BUCKET,
};

interface Context {
  getRemainingTimeInMillis(): number;
}

/** Calls Bedrock for each release in the batch's bundles. */
export async function handler({ Records }: { Records: QueueMessage[] }, context: Context) {
  const remainingMs = () => context.getRemainingTimeInMillis();
  const failed = await invokeBatch({ ...ports, remainingMs }, Records);
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
