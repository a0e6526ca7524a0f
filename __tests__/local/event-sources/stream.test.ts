// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, expect, it } from 'vitest';
import { RolePermissionError } from '../../../src/local/roles.ts';
import { type SmallCloud, smallStack, startSmallCloud } from '../small-stack.ts';

const READING = [
  'dynamodb:DescribeStream',
  'dynamodb:GetRecords',
  'dynamodb:GetShardIterator',
  'dynamodb:ListStreams',
];
/** Throws as long as a poisoned record is in the batch. */
const CODE = `
  console.log("batch " + JSON.stringify(event.Records.map(({ eventName, dynamodb }) => [eventName, dynamodb.Keys.id.S, dynamodb.NewImage?.n?.N])));
  if (event.Records.some(({ dynamodb }) => dynamodb.Keys.id.S === "poison")) throw new Error("poisoned");
  return {};
`;

let cloud: SmallCloud | undefined;
let dynamodb: DynamoDBClient;
afterEach(async () => {
  dynamodb?.destroy();
  await cloud?.stop();
  cloud = undefined;
});

async function start(
  mapping: object = {},
  actions = [...READING, 'sqs:SendMessage'],
  code = CODE,
): Promise<SmallCloud> {
  const stack = await smallStack(
    { consumer: { code, actions } },
    {
      aws_sqs_queue: { failures: { name: 'failures' } },
      aws_dynamodb_table: {
        items: {
          name: 'items',
          hash_key: 'id',
          attribute: [{ name: 'id', type: 'S' }],
          stream_enabled: true,
          stream_view_type: 'NEW_IMAGE',
        },
      },
      aws_lambda_event_source_mapping: {
        items: {
          event_source_arn: '${aws_dynamodb_table.items.stream_arn}',
          function_name: '${aws_lambda_function.consumer.arn}',
          function_response_types: ['ReportBatchItemFailures'],
          destination_config: { on_failure: { destination_arn: '${aws_sqs_queue.failures.arn}' } },
          maximum_retry_attempts: 1,
          ...mapping,
        },
      },
    },
  );
  cloud = await startSmallCloud(stack);
  dynamodb = new DynamoDBClient(cloud.client);
  return cloud;
}

const put = (id: string, n = '0') =>
  dynamodb.send(new PutItemCommand({ TableName: 'items', Item: { id: { S: id }, n: { N: n } } }));
const add = (id: string, ReturnValues?: 'ALL_NEW' | 'ALL_OLD' | 'UPDATED_NEW') =>
  dynamodb.send(
    new UpdateItemCommand({
      TableName: 'items',
      Key: { id: { S: id } },
      UpdateExpression: 'ADD n :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
      ...(ReturnValues ? { ReturnValues } : {}),
    }),
  );
const batches = (): string[][][] =>
  (cloud?.lines ?? [])
    .filter((line) => line.includes('batch ['))
    .map((line) => JSON.parse(line.slice(line.indexOf('['))));

it('every kind of write becomes a change, in order, and a write that changes nothing does not', async () => {
  await start();
  await put('a', '1');
  await put('a', '1');
  await add('a');
  await add('b');
  await dynamodb.send(new DeleteItemCommand({ TableName: 'items', Key: { id: { S: 'b' } } }));
  await dynamodb.send(new DeleteItemCommand({ TableName: 'items', Key: { id: { S: 'b' } } }));
  await dynamodb.send(
    new BatchWriteItemCommand({
      RequestItems: {
        items: [{ PutRequest: { Item: { id: { S: 'c' } } } }, { DeleteRequest: { Key: { id: { S: 'a' } } } }],
      },
    }),
  );
  await cloud?.idle();
  expect(batches().flat()).toEqual([
    ['INSERT', 'a', '1'],
    ['MODIFY', 'a', '2'],
    ['INSERT', 'b', '1'],
    ['REMOVE', 'b', null],
    ['INSERT', 'c', null],
    ['REMOVE', 'a', null],
  ]);
});

it('changes of one item written at once arrive in the order of the writes', async () => {
  await start();
  await Promise.all(Array.from({ length: 40 }, () => add('counter')));
  await cloud?.idle();
  expect(
    batches()
      .flat()
      .map(([, , n]) => Number(n)),
  ).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
});

it('callers get the return values they asked for', async () => {
  await start();
  expect((await add('a')).Attributes).toBeUndefined();
  expect((await add('a', 'ALL_OLD')).Attributes).toEqual({ id: { S: 'a' }, n: { N: '1' } });
  expect((await add('a', 'ALL_NEW')).Attributes).toEqual({ id: { S: 'a' }, n: { N: '3' } });
  expect((await add('a', 'UPDATED_NEW')).Attributes).toEqual({ n: { N: '4' } });
});

it('only what the filter matches is delivered', async () => {
  await start({
    filter_criteria: {
      filter: [{ pattern: '{"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"n": {"N": ["2"]}}}}' }],
    },
  });
  await put('a', '1');
  await add('a');
  await add('a');
  await cloud?.idle();
  expect(batches()).toEqual([[['MODIFY', 'a', '2']]]);
});

it('a poisoned record is found by bisecting, and ends alone in the failure queue', async () => {
  await start({
    bisect_batch_on_function_error: true,
    maximum_retry_attempts: 2,
    maximum_batching_window_in_seconds: 30,
    batch_size: 4,
  });
  for (const id of ['a', 'poison', 'c', 'd']) await put(id);
  await cloud?.idle();
  const delivered = batches().map((batch) => batch.map(([, id]) => id).join(' '));
  expect(delivered).toEqual(['a poison c d', 'a poison', 'a', 'poison', 'c d']);
  const sqs = new SQSClient((cloud as SmallCloud).client);
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: `${cloud?.endpoint}/000000000000/failures` }),
  );
  expect(JSON.parse(Messages?.[0]?.Body ?? '')).toMatchObject({
    requestContext: { condition: 'RetryAttemptsExhausted' },
    DDBStreamBatchInfo: { batchSize: 1 },
  });
  sqs.destroy();
});

it('a partial failure brings back what follows it, not what came before', async () => {
  const code = `
    const numbers = event.Records.map(({ dynamodb }) => [dynamodb.Keys.id.S, dynamodb.SequenceNumber]);
    console.log("batch " + JSON.stringify([numbers.map(([id]) => id)]));
    const bad = globalThis.seen ? undefined : numbers.find(([id]) => id === "b");
    globalThis.seen = true;
    return { batchItemFailures: bad ? [{ itemIdentifier: bad[1] }] : [] };
  `;
  await start({ maximum_batching_window_in_seconds: 30, batch_size: 3 }, undefined, code);
  for (const id of ['a', 'b', 'c']) await put(id);
  await cloud?.idle();
  expect(batches()).toEqual([[['a', 'b', 'c']], [['b', 'c']]]);
});

it.each([...READING, 'sqs:SendMessage'])('a role without %s cannot read the stream', async (missing) => {
  const actions = [...READING, 'sqs:SendMessage'].filter((action) => action !== missing);
  await expect(start({}, actions)).rejects.toThrow(RolePermissionError);
  await expect(start({}, actions)).rejects.toThrow(`may not perform ${missing}`);
});
