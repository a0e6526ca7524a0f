/** The console of a local cloud. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { LocalCloud } from '../../local/local-cloud.ts';
import { namesFrom } from '../operator/stack.ts';
import { answers } from './answers.ts';
import { type Console, startConsole } from './server.ts';

export async function startLocalConsole({
  endpoint,
  region,
  operator: credentials,
  outputs,
}: Pick<LocalCloud, 'endpoint' | 'region' | 'operator' | 'outputs'>): Promise<Console> {
  const config = { endpoint, region, credentials };
  const [dynamo, sqs, s3] = [
    new DynamoDBClient(config),
    new SQSClient(config),
    new S3Client({ ...config, forcePathStyle: true }),
  ];
  const { url, close } = await startConsole(
    await answers({ names: namesFrom(outputs), region, dynamo, sqs, s3 }),
  );
  return {
    url,
    async close() {
      await close();
      for (const client of [dynamo, sqs, s3]) client.destroy();
    },
  };
}
