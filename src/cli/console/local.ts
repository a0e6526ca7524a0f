/** The console of a local cloud. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { LocalCloud } from '../../local/local-cloud.ts';
import type { Stack } from '../operator/operator-command.ts';
import { namesFrom } from '../operator/stack.ts';
import { answers } from './answers.ts';
import { type Console, startConsole } from './server.ts';

type Cloud = Pick<LocalCloud, 'endpoint' | 'region' | 'operator' | 'outputs'>;

/** The stack as operators' commands have it, and what ends its clients. */
export function localStack({ endpoint, region, operator: credentials, outputs }: Cloud) {
  const config = { endpoint, region, credentials };
  const [dynamo, sqs, s3] = [
    new DynamoDBClient(config),
    new SQSClient(config),
    new S3Client({ ...config, forcePathStyle: true }),
  ];
  const stack: Stack = { names: namesFrom(outputs), region, dynamo, sqs, s3 };
  return {
    stack,
    end() {
      for (const client of [dynamo, sqs, s3]) client.destroy();
    },
  };
}

export async function startLocalConsole(cloud: Cloud): Promise<Console> {
  const { stack, end } = localStack(cloud);
  const { url, close } = await startConsole(await answers(stack));
  return {
    url,
    async close() {
      await close();
      end();
    },
  };
}
