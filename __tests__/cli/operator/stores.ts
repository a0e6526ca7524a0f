// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
/** What operators ask of the real stack, with functions that do nothing. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { vi } from 'vitest';
import { dynamoClient, s3Client, sqsClient } from '../../../src/aws/clients.ts';
import type { Stack } from '../../../src/cli/operator/operator-command.ts';
import { namesFrom, type Outputs } from '../../../src/cli/operator/stack.ts';
import { type SmallCloud, smallStack, startSmallCloud } from '../../local/small-stack.ts';
import { REQUIRED, synthesise } from '../../stack/synthesis.ts';

const KEPT = /^aws_(dynamodb_table|sqs_queue|s3_bucket)$/;
const OUTPUTS = /_(queue_url|dlq_url|table_name|bucket_name)$|^region$/;

const FUNCTIONS = ['ingestion', 'prioritization', 'invocation', 'reporting', 'batch'];
const IDLE = {
  code: 'return {}',
  actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
};

/** The tables, queues and bucket of the real stack. Its functions are triggered by queues in which nothing ever is. */
async function storesOnly() {
  const { resource, output, ...rest } = synthesise();
  const triggers = FUNCTIONS.map((name) => [
    name,
    {
      event_source_arn: `\${aws_sqs_queue.nothing_for_${name}.arn}`,
      function_name: name,
      scaling_config: { maximum_concurrency: 2 },
    },
  ]);
  const queues = FUNCTIONS.map((name) => [`nothing_for_${name}`, { name: `nothing-for-${name}` }]);
  const { assetsFolder, stack: functions } = await smallStack(
    Object.fromEntries(FUNCTIONS.map((name) => [name, IDLE])),
    { aws_lambda_event_source_mapping: Object.fromEntries(triggers) },
  );
  const kept = Object.fromEntries(Object.entries(resource).filter(([type]) => KEPT.test(type)));
  const stack = {
    ...rest,
    resource: {
      ...functions.resource,
      ...kept,
      aws_sqs_queue: { ...kept.aws_sqs_queue, ...Object.fromEntries(queues) },
    },
    output: Object.fromEntries(Object.entries(output).filter(([name]) => OUTPUTS.test(name))),
  };
  return { stack, assetsFolder } as unknown as Awaited<ReturnType<typeof smallStack>>;
}

export interface LocalStores {
  cloud: SmallCloud;
  stack: Stack;
  outputs: Outputs;
  /** The code of any of the functions. */
  zip: string;
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
    ...{ cloud, stack, outputs, zip: path.join(stores.assetsFolder, 'ingestion.zip') },
    async stop() {
      for (const client of Object.values(clients)) client.destroy();
      await cloud.stop();
      vi.unstubAllEnvs();
      rmSync(stores.assetsFolder, { recursive: true });
    },
  };
}
