/** One run of the built functions on the local cloud that goes through every branch which calls AWS. */
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { dynamoLanes } from '../../src/aws/dynamodb/lane-ports.ts';
import { itemOfRecord } from '../../src/aws/dynamodb/record-item.ts';
import { collect } from '../../src/client/collect.ts';
import { laneOf } from '../../src/core/lane/catalog/catalog.ts';
import { backlogKey, dueKey } from '../../src/core/request/keys.ts';
import { knownProfiles } from '../../src/core/request/model-id.ts';
import type { RequestRecord } from '../../src/core/request/record.ts';
import type { Synthesis } from '../../src/lab/run/synthesis.ts';
import { startBedrockSimulator } from '../../src/local/bedrock/simulator.ts';
import type { Denial } from '../../src/local/gateway/call-log.ts';
import type { FaultHook } from '../../src/local/gateway/gateway.ts';
import type { Permission } from '../../src/local/gateway/policy.ts';
import { startLocalCloud } from '../../src/local/local-cloud.ts';
import { EvaluatedStack } from '../../src/local/terraform/stack.ts';
import { recordOf } from '../fixtures/invocation-world.ts';

/** A call that somebody made and was allowed to make. */
export interface Use {
  /** The function, also where its event source acted for it. */
  principal: string;
  permissions: readonly Permission[];
}

export interface EveryBranch {
  stack: EvaluatedStack;
  uses: Use[];
  denials: Denial[];
  /** Outcome and error type by request id. */
  ends: Map<string, string>;
  /** How batch files ended, by name. */
  batches: Map<string, string>;
}

const NOVA = 'us.amazon.nova-lite-v1:0';
const NOVA_LANE = 'amazon.nova-lite:geo';
/** Inputs of it are counted beforehand when they are large. */
const COUNTED = 'anthropic.claude-3-5-haiku-20241022-v1:0';
/** Only a batch file asks for it, so that the batch function has to wake its leader. */
const MICRO = 'amazon.nova-micro-v1:0';
/** Its lane is never registered: it is led because a worker wakes it. */
const PRO = 'us.amazon.nova-pro-v1:0';
const LARGE = 'Please read this with great care. '.repeat(500);
/** Known to the simulator, but neither to the catalog nor to Service Quotas. */
const UNLISTED = 'mistral.mistral-large-2407-v1:0';
const ACCOUNT = '000000000000';
const arnOf = (resource: string) => `arn:aws:bedrock:us-east-1:${ACCOUNT}:${resource}`;
/** It has the quota of the model that it was made from, and needs permission for that model, too. */
const MAPPED_PROFILE = arnOf('application-inference-profile/m1a2p3p4e5d6');
/** A tenant's own. The profile that it was made from leads out of the Region. */
export const TENANT_PROFILE = arnOf('application-inference-profile/t1e2n3a4n5t6');
/** What Bedrock calls by ARN in place of a model, by request id. */
const BY_ARN = {
  profile: 'application-inference-profile/k2j4h6g8f0',
  provisioned: 'provisioned-model/ab12cd34ef56',
  imported: 'imported-model/ab12cd34ef56',
  deployed: 'custom-model-deployment/ab12cd34ef56',
  router: 'prompt-router/abcdef123456',
  'default-router': 'default-prompt-router/anthropic.claude:1',
};
const PROMPT = arnOf('prompt/PROMPT12AB:1');
const PROFILES = {
  application_inference_profiles: { [MAPPED_PROFILE]: NOVA },
  tenant_inference_profiles: { billing: { [NOVA]: TENANT_PROFILE } },
};
const applicationProfiles = knownProfiles(PROFILES);
const VARIABLES = {
  notification_email: 'platform-team@example.com',
  ...PROFILES,
  count_tokens: true,
  tenant_budgets: {
    billing: { tokens_per_day: 10_000, usd_per_day: 10 },
    broke: { tokens_per_day: 0, at_limit: 'refuse' },
  },
};
/** Results of what is sent below: of 15 messages and those by ARN, and of 4 records that are as a crash would leave them. */
const RESULTS = 19 + Object.keys(BY_ARN).length;

export async function runEveryBranch(synthesis: Pick<Synthesis, 'stack' | 'folder'>): Promise<EveryBranch> {
  // Answers are longer than what fits into a record, and take so long that their workers look for other bundles meanwhile.
  const bedrock = await startBedrockSimulator({
    outputMedianTokens: 6_000,
    outputSigma: 0,
    latencyMedianMs: 600,
    applicationProfiles: {
      ...applicationProfiles,
      // As far as the simulator is concerned, a profile is as good as anything else that leads to a model.
      ...Object.fromEntries([...Object.values(BY_ARN).map(arnOf), PROMPT].map((arn) => [arn, NOVA])),
    },
  });
  const uses: Use[] = [];
  const once = new Set(['bedrock:InvokeModel', 'servicequotas:GetServiceQuota']);
  // The last thing a leader does for a queue is to forget it.
  let forgotten = () => {};
  const queueForgotten = new Promise<void>((resolve) => {
    forgotten = resolve;
  });
  // What the batch function writes once it waits for its requests.
  let waits = () => {};
  const batchWaits = new Promise<void>((resolve) => {
    waits = resolve;
  });
  const faults: FaultHook = ({ principal, action, permissions }) => {
    if (action === 'dynamodb:DeleteItem' && principal.includes('prioritization')) forgotten();
    if (permissions.some(({ resource }) => resource.includes('batch-outputs/cancelled/'))) waits();
    uses.push({ principal: principal.replace('/event-source', ''), permissions });
    if (!once.delete(action)) return undefined;
    return action === 'bedrock:InvokeModel'
      ? { error: { code: 'ThrottlingException', status: 429, message: 'Too many requests' } }
      : { error: { code: 'NoSuchResourceException', status: 400, message: 'Only the default is known' } };
  };
  const cloud = await startLocalCloud({
    stack: synthesis.stack,
    assetsFolder: synthesis.folder,
    variables: VARIABLES,
    bedrockUrl: bedrock.url,
    applicationProfiles,
    bedrockQuotas: { requestsPerMinute: 6_000, tokensPerMinute: 10_000_000 },
    faults,
  });
  const config = { endpoint: cloud.endpoint, region: cloud.region, credentials: cloud.operator };
  const [sqs, dynamo, lambda] = [new SQSClient(config), new DynamoDBClient(config), new LambdaClient(config)];
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const output = (name: string) => String(cloud.outputs[name]);
  const send = (queue: string, body: object) =>
    sqs.send(new SendMessageCommand({ QueueUrl: output(queue), MessageBody: JSON.stringify(body) }));
  const sendPointer = async (key: string, byVersion: boolean) => {
    const Bucket = output('bedrock_calls_bucket_name');
    const put = new PutObjectCommand({
      Bucket,
      Key: key,
      Body: JSON.stringify(message({ request_id: key.slice(6) })),
    });
    const { VersionId: version_id } = await s3.send(put);
    await send('input_queue_url', { s3: { bucket: Bucket, key, ...(byVersion && { version_id }) } });
  };
  const put = (record: RequestRecord) =>
    dynamo.send(new PutItemCommand({ TableName: output('requests_table_name'), Item: itemOfRecord(record) }));

  const drop = (name: string, body: string, Metadata: Record<string, string> = {}) =>
    s3.send(
      new PutObjectCommand({
        Bucket: output('bedrock_calls_bucket_name'),
        Key: `batches/${name}`,
        Body: body,
        Metadata,
      }),
    );

  const ends = new Map<string, string>();
  const collected = new AbortController();
  const collecting = collect(
    sqs,
    output('bedrock_results_queue_url'),
    async ({ request_id, status, error }) => {
      ends.set(request_id, error ? `${status} ${error.type}` : status);
      if (ends.size >= RESULTS) collected.abort();
    },
    collected.signal,
  );
  try {
    await put(
      abandoned('release-lost', { status: 'QUEUED', generation: 1, deadline_at: Date.now() + 3_600_000 }),
    );
    await put(abandoned('deadline-passed', { status: 'RECEIVED' }));
    await put(abandoned('result-unsent', { status: 'COMPLETED', finished_at: 1 }));
    // A request that goes back to a lane which nobody leads: its worker wakes the lane.
    const lane = laneOf(PRO);
    const inAnHour = Date.now() + 3_600_000;
    await put(
      abandoned('too-late', {
        ...{ status: 'QUEUED', generation: 1, lane, model_id: PRO, due_at: inAnHour, deadline_at: inAnHour },
        queue: backlogKey({ lane, priority: 3, tenant: 'default', shard: 0 }),
      }),
    );
    await send('hold_next_batch_queue_url', {
      ...{ v: 1, lane, released_at: 1 },
      releases: [{ request_id: 'too-late', generation: 1 }],
    });
    // A release of long ago: too late to be started.
    await send('hold_next_batch_queue_url', {
      v: 1,
      lane: NOVA_LANE,
      released_at: 1,
      releases: [{ request_id: 'result-unsent', generation: 1 }],
    });
    await send('input_queue_url', message({ request_id: 'short' }));
    await send('input_queue_url', message({ request_id: 'long', maxTokens: 9_000 }));
    await send('input_queue_url', message({ request_id: 'unlisted', model_id: UNLISTED }));
    await send('input_queue_url', message({ request_id: 'mapped', model_id: MAPPED_PROFILE }));
    await send('input_queue_url', message({ request_id: 'tenant', tenant: 'billing' }));
    await send('input_queue_url', message({ request_id: 'broke', tenant: 'broke' }));
    await send('input_queue_url', message({ request_id: 'counted', model_id: COUNTED, text: LARGE }));
    for (const [request_id, resource] of Object.entries(BY_ARN)) {
      await send('input_queue_url', message({ request_id, model_id: arnOf(resource) }));
    }
    const promptVariables = { topic: { text: 'tea' } };
    await send('input_queue_url', { request_id: 'prompt', model_id: PROMPT, converse: { promptVariables } });
    const guarded = message({ request_id: 'guarded' });
    const guardrailConfig = { guardrailIdentifier: 'gr1a2b3c4d', guardrailVersion: '1' };
    await send('input_queue_url', { ...guarded, converse: { ...guarded.converse, guardrailConfig } });
    const grounded = message({ request_id: 'grounded' });
    const toolConfig = { tools: [{ systemTool: { name: 'nova_grounding' } }] };
    await send('input_queue_url', { ...grounded, converse: { ...grounded.converse, toolConfig } });
    const uri = `s3://${output('bedrock_calls_bucket_name')}/inbox/film.mp4`;
    const video = { format: 'mp4', source: { s3Location: { uri } } };
    await send('input_queue_url', message({ request_id: 'filmed', media: [{ video }] }));
    await send('input_queue_url', message({ request_id: 'invalid', priority: 9 }));
    await sendPointer('inbox/newest', false);
    await sendPointer('inbox/version', true);
    await send('input_queue_url', message({ request_id: 'deadline-passed' }));
    await collecting;
    await countTwice(lambda, output('reporting_function_name'));
    await queueForgotten;
    await drop('answered.jsonl', recordLine(LARGE), { 'model-id': COUNTED });
    const { control } = dynamoLanes(dynamo, output('lanes_table_name'));
    await control.setPause(laneOf(MICRO), { by: 'an operator' });
    await drop('cancelled.jsonl', recordLine('Hello'), { 'model-id': MICRO });
    await batchWaits;
    await drop('cancelled.cancel', 'Please stop.');
    await cloud.idle();
    const stack = new EvaluatedStack({
      stack: synthesis.stack,
      assetsFolder: synthesis.folder,
      variables: VARIABLES,
      accountId: cloud.accountId,
      endpoint: cloud.endpoint,
    });
    const batches = await endsOfBatches(s3, output('bedrock_calls_bucket_name'));
    return { stack, uses, denials: cloud.denials(), ends, batches };
  } finally {
    collected.abort();
    await collecting;
    for (const client of [sqs, dynamo, lambda, s3]) client.destroy();
    await cloud.stop();
    await bedrock.close();
  }
}

function message({
  maxTokens = 20,
  text = '',
  media = [],
  ...fields
}: {
  request_id: string;
  model_id?: string;
  priority?: number;
  tenant?: string;
  maxTokens?: number;
  text?: string;
  media?: object[];
}) {
  const content = [{ text: `This is ${fields.request_id}. ${text}` }, ...media];
  const messages = [{ role: 'user', content }];
  return { model_id: NOVA, ...fields, converse: { messages, inferenceConfig: { maxTokens } } };
}

function recordLine(content: string): string {
  return JSON.stringify({
    modelInput: {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 8_000,
      messages: [{ role: 'user', content }],
    },
  });
}

async function endsOfBatches(s3: S3Client, Bucket: string): Promise<Map<string, string>> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'batch-outputs/' }));
  const reports = Contents.filter(({ Key = '' }) => Key.endsWith('/progress.json')).map(async ({ Key }) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const { name, status } = JSON.parse((await Body?.transformToString()) ?? '');
    return [name, status] as const;
  });
  return new Map(await Promise.all(reports));
}

/** As a crash leaves a record: its leader must look after it since long. */
function abandoned(id: string, fields: Partial<RequestRecord>): RequestRecord {
  const queue = backlogKey({ lane: NOVA_LANE, priority: 3, tenant: 'default', shard: 0 });
  return recordOf(id, {
    lane: NOVA_LANE,
    model_id: NOVA,
    queue,
    due_key: dueKey(NOVA_LANE, id),
    due_at: 1,
    ...fields,
  });
}

/** As a stream delivers a change again after an answer was lost. */
async function countTwice(lambda: LambdaClient, functionName: string): Promise<void> {
  const record = recordOf('counted', { lane: NOVA_LANE, status: 'RECEIVED', generation: 0 });
  const event = { Records: [{ dynamodb: { SequenceNumber: '1', NewImage: itemOfRecord(record) } }] };
  for (let time = 0; time < 2; time++) {
    const answer = await lambda.send(
      new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(event)) }),
    );
    if (answer.FunctionError) throw new Error(`reporting failed: ${answer.Payload?.transformToString()}`);
  }
}
