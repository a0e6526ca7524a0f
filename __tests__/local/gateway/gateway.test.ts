// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FaultHook } from '../../../src/local/gateway/gateway.ts';
import { echoServer, type SmallCloud, smallStack, startSmallCloud } from '../small-stack.ts';

let cloud: SmallCloud;
let bedrock: Awaited<ReturnType<typeof echoServer>>;
let faults: FaultHook | undefined;
let clients: { sqs: SQSClient; s3: S3Client; dynamodb: DynamoDBClient; lambda: LambdaClient };

const CALL = `
  const module = aws(event.client);
  const clients = { sqs: "SQSClient", s3: "S3Client", dynamodb: "DynamoDBClient", lambda: "LambdaClient" };
  const client = new module[clients[event.client]]({ maxAttempts: 1 });
  try { return await client.send(new module[event.command](event.input)); }
  catch (error) { return { name: error.name, message: error.message, status: error.$metadata?.httpStatusCode }; }
`;

beforeAll(async () => {
  bedrock = await echoServer();
  const stack = await smallStack(
    {
      caller: { code: CALL, actions: ['sqs:SendMessage', 's3:GetObject'] },
      lister: { code: CALL, actions: ['s3:GetObject', 's3:ListBucket'] },
    },
    {
      aws_sqs_queue: { work: { name: 'work', receive_wait_time_seconds: 1 } },
      aws_s3_bucket: { files: { bucket: 'files' } },
      aws_s3_bucket_versioning: {
        files: { bucket: 'files', versioning_configuration: { status: 'Enabled' } },
      },
      aws_dynamodb_table: {
        items: { name: 'items', hash_key: 'id', attribute: [{ name: 'id', type: 'S' }] },
      },
      aws_dynamodb_table_item: {
        first: {
          table_name: 'items',
          hash_key: 'id',
          item: '${jsonencode({id = {S = "first"}, text = {S = "hello"}})}',
        },
      },
    },
  );
  cloud = await startSmallCloud(stack, { bedrockUrl: bedrock.url, faults: (call) => faults?.(call) });
  const config = { ...cloud.client, maxAttempts: 1 };
  clients = {
    sqs: new SQSClient(config),
    s3: new S3Client(config),
    dynamodb: new DynamoDBClient(config),
    lambda: new LambdaClient(config),
  };
});

afterEach(() => {
  faults = undefined;
});

afterAll(async () => {
  for (const client of Object.values(clients)) client.destroy();
  await cloud.stop();
  await bedrock.close();
});

/** Lets a function make one call. */
async function as(name: string, client: string, command: string, input: object) {
  const event = { client, command, input };
  const { Payload } = await clients.lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }),
  );
  return JSON.parse(Payload?.transformToString() ?? 'null');
}

const workUrl = () => `${cloud.endpoint}/000000000000/work`;

describe('who calls', () => {
  it('must be known', async () => {
    const stranger = new SQSClient({
      ...cloud.client,
      credentials: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' },
    });
    await expect(stranger.send(new GetQueueUrlCommand({ QueueName: 'work' }))).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    stranger.destroy();
  });

  it.each(['sqs', 's3'] as const)('must sign with the right secret (%s)', async (service) => {
    const credentials = { ...cloud.operator, secretAccessKey: 'wrong' };
    const command =
      service === 'sqs'
        ? new SQSClient({ ...cloud.client, credentials }).send(new GetQueueUrlCommand({ QueueName: 'work' }))
        : new S3Client({ ...cloud.client, credentials }).send(new ListObjectsV2Command({ Bucket: 'files' }));
    await expect(command).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  });

  it('must sign what is sent', async () => {
    const tampering = new SQSClient({ ...cloud.client, maxAttempts: 1 });
    tampering.middlewareStack.add(
      (next) => (call) => {
        const request = call.request as { body: string | Uint8Array };
        request.body = Buffer.from(request.body).toString().replace('honest', 'forged');
        return next(call);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const send = tampering.send(new SendMessageCommand({ QueueUrl: workUrl(), MessageBody: 'honest' }));
    await expect(send).rejects.toMatchObject({ name: 'XAmzContentSHA256Mismatch' });
    tampering.destroy();
  });

  it('must sign at all', async () => {
    const response = await fetch(cloud.endpoint, {
      headers: { 'x-amz-target': 'AmazonSQS.ListQueues' },
      method: 'POST',
    });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('MissingAuthenticationToken');
  });
});

describe('what a function may not do', () => {
  it('is denied by the name of the action, recorded and counted; what it may is done', async () => {
    expect(
      await as('caller', 'sqs', 'SendMessageCommand', { QueueUrl: workUrl(), MessageBody: 'hi' }),
    ).toHaveProperty('MessageId');
    const { Messages } = await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl: workUrl() }));
    expect(Messages?.[0]?.Body).toBe('hi');

    const denied = await as('caller', 'sqs', 'ReceiveMessageCommand', { QueueUrl: workUrl() });
    expect(denied.name).toBe('AccessDeniedException');
    expect(denied.message).toContain('caller is not authorized to perform: sqs:ReceiveMessage');
    expect(cloud.denials()).toContainEqual({
      principal: 'caller',
      action: 'sqs:ReceiveMessage',
      resource: 'arn:aws:sqs:us-east-1:000000000000:work',
    });
    expect(cloud.calls()).toContainEqual({
      principal: 'caller',
      action: 'sqs:SendMessage',
      count: 1,
      denied: 0,
      units: 1,
    });
    expect(cloud.calls()).toContainEqual({
      principal: 'caller',
      action: 'sqs:ReceiveMessage',
      count: 0,
      denied: 1,
    });
  });

  it.each([
    ['dynamodb', 'PutItemCommand', { TableName: 'items', Item: { id: { S: 'x' } } }, 'dynamodb:PutItem'],
    ['s3', 'PutObjectCommand', { Bucket: 'files', Key: 'x', Body: 'y' }, 's3:PutObject'],
    ['lambda', 'InvokeCommand', { FunctionName: 'lister' }, 'lambda:InvokeFunction'],
  ])('%s %s', async (client, command, input, action) => {
    const { message, name } = await as('caller', client, command, input);
    expect(name).toMatch(/^AccessDenied/);
    expect(message).toContain(action);
  });
});

describe('a bucket', () => {
  it('denies a missing key to who may not list, and says it is missing to who may', async () => {
    const input = { Bucket: 'files', Key: 'missing' };
    expect(await as('caller', 's3', 'GetObjectCommand', input)).toMatchObject({
      name: 'AccessDenied',
      status: 403,
    });
    expect(await as('lister', 's3', 'GetObjectCommand', input)).toMatchObject({
      name: 'NoSuchKey',
      status: 404,
    });
  });

  it('writes once under IfNoneMatch', async () => {
    const put = (Body: string) =>
      clients.s3.send(new PutObjectCommand({ Bucket: 'files', Key: 'once', Body, IfNoneMatch: '*' }));
    await put('first');
    await expect(put('second')).rejects.toMatchObject({ name: 'PreconditionFailed' });
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: 'files', Key: 'once' }));
    expect(await Body?.transformToString()).toBe('first');
  });

  it('keeps versions, under odd keys too', async () => {
    const Key = 'inbox/a b+ä=&(1).json';
    const put = (Body: string) => clients.s3.send(new PutObjectCommand({ Bucket: 'files', Key, Body }));
    const { VersionId } = await put('old');
    const latest = await put('new');
    expect(VersionId).toBeDefined();
    const read = await clients.s3.send(new GetObjectCommand({ Bucket: 'files', Key, VersionId }));
    expect(await read.Body?.transformToString()).toBe('old');
    const head = await clients.s3.send(new HeadObjectCommand({ Bucket: 'files', Key }));
    expect(head).toMatchObject({ VersionId: latest.VersionId, ContentLength: 3 });
    const { Contents } = await clients.s3.send(
      new ListObjectsV2Command({ Bucket: 'files', Prefix: 'inbox/' }),
    );
    expect(Contents?.map((object) => object.Key)).toEqual([Key]);
  });
});

describe('a table', () => {
  it('starts with the items of the stack', async () => {
    const { Item } = await clients.dynamodb.send(
      new GetItemCommand({ TableName: 'items', Key: { id: { S: 'first' } } }),
    );
    expect(Item?.text).toEqual({ S: 'hello' });
  });

  it('returns the old item with a condition failure when asked', async () => {
    const write = new PutItemCommand({
      TableName: 'items',
      Item: { id: { S: 'first' } },
      ConditionExpression: 'attribute_not_exists(id)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    await expect(clients.dynamodb.send(write)).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { id: { S: 'first' }, text: { S: 'hello' } },
    });
  });

  it('counts request units by the size of items', async () => {
    const units = () => cloud.calls().find(({ action }) => action === 'dynamodb:PutItem')?.units ?? 0;
    const before = units();
    const Item = { id: { S: 'large' }, text: { S: 'x'.repeat(5000) } };
    await clients.dynamodb.send(new PutItemCommand({ TableName: 'items', Item }));
    expect(units() - before).toBe(5);
  });
});

it('Bedrock is reached over HTTP/2 and over HTTP/1.1', async () => {
  const { NodeHttpHandler } = await import('@smithy/node-http-handler');
  for (const requestHandler of [undefined, new NodeHttpHandler()]) {
    const client = new BedrockRuntimeClient({
      ...cloud.client,
      ...(requestHandler ? { requestHandler } : {}),
    });
    const answer = await client.send(
      new ConverseCommand({
        modelId: 'us.amazon.nova-lite-v1:0',
        messages: [{ role: 'user', content: [{ text: 'hi' }] }],
      }),
    );
    expect(answer.$metadata.httpStatusCode).toBe(200);
    client.destroy();
  }
});

describe('a fault', () => {
  const update = () =>
    clients.dynamodb.send(
      new UpdateItemCommand({
        TableName: 'items',
        Key: { id: { S: 'counter' } },
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
  const count = async () => {
    const { Item } = await clients.dynamodb.send(
      new GetItemCommand({ TableName: 'items', Key: { id: { S: 'counter' } } }),
    );
    return Number(Item?.n?.N ?? 0);
  };
  const on =
    (fault: ReturnType<FaultHook>): FaultHook =>
    ({ action }) =>
      action === 'dynamodb:UpdateItem' ? fault : undefined;

  it('fails a call, or cuts it before or after it took effect', async () => {
    faults = on({
      error: { code: 'ProvisionedThroughputExceededException', status: 400, message: 'slow down' },
    });
    await expect(update()).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
    faults = on({ cut: 'before' });
    await expect(update()).rejects.toThrow();
    expect(await count()).toBe(0);
    faults = on({ cut: 'after' });
    await expect(update()).rejects.toThrow();
    expect(await count()).toBe(1);
    faults = undefined;
    await update();
    expect(await count()).toBe(2);
  });
});
