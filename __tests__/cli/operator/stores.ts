/** What operators ask of the real stack, without its functions. */
import { rmSync } from 'node:fs';
import { vi } from 'vitest';
import { dynamoClient, s3Client, sqsClient } from '../../../src/aws/clients.ts';
import type { Stack } from '../../../src/cli/operator/operator-command.ts';
import { namesFrom, type Outputs } from '../../../src/cli/operator/stack.ts';
import { type SmallCloud, smallStack, startSmallCloud } from '../../local/small-stack.ts';
import { REQUIRED, synthesise } from '../../stack/synthesis.ts';

const KEPT = /^aws_(dynamodb_table|sqs_queue|s3_bucket)$/;
const OUTPUTS = /_(queue_url|dlq_url|table_name|bucket_name)$|^region$/;

/** The tables, queues and bucket of the real stack. */
async function storesOnly() {
  const { resource, output, ...rest } = synthesise();
  const { assetsFolder } = await smallStack({});
  const stack = {
    ...rest,
    resource: Object.fromEntries(Object.entries(resource).filter(([type]) => KEPT.test(type))),
    output: Object.fromEntries(Object.entries(output).filter(([name]) => OUTPUTS.test(name))),
  };
  return { stack, assetsFolder } as unknown as Awaited<ReturnType<typeof smallStack>>;
}

export interface LocalStores {
  cloud: SmallCloud;
  stack: Stack;
  outputs: Outputs;
  stop(): Promise<void>;
}

/** On the local cloud, which the environment names from now on. */
export async function startStores(): Promise<LocalStores> {
  const stores = await storesOnly();
  const cloud = await startSmallCloud(stores, { variables: REQUIRED });
  vi.stubEnv('AWS_ENDPOINT_URL', cloud.endpoint);
  vi.stubEnv('AWS_REGION', cloud.region);
  vi.stubEnv('AWS_ACCESS_KEY_ID', cloud.operator.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', cloud.operator.secretAccessKey);
  const outputs = {
    ...cloud.outputs,
    request_ingestion_function_name: 'ingestion',
    prioritization_function_name: 'prioritization',
    invocation_function_name: 'invocation',
    reporting_function_name: 'reporting',
    batch_function_name: 'batch',
    alarm_topic_arn: 'arn:aws:sns:us-east-1:123456789012:smoother-alarms',
  };
  const clients = { dynamo: dynamoClient(), sqs: sqsClient(), s3: s3Client(process.env) };
  const stack = { names: namesFrom(outputs), region: cloud.region, ...clients };
  return {
    ...{ cloud, stack, outputs },
    async stop() {
      for (const client of Object.values(clients)) client.destroy();
      await cloud.stop();
      vi.unstubAllEnvs();
      rmSync(stores.assetsFolder, { recursive: true });
    },
  };
}
