import { createHash } from 'node:crypto';
import { BatchGetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { itemOf, namesIn, valuesOf } from '../aws/dynamodb/expressions.ts';
import { recordOf } from '../aws/dynamodb/record-item.ts';
import { systemClock } from '../core/clock.ts';
import type { Connection } from './connection.ts';
import type { ClientPorts } from './ports.ts';

/** What is ahead is counted up to here: some 30 read units. */
const MOST_AHEAD = 1_000;

/** The library's ports on AWS. Every read is eventually consistent: half the price, and soon enough. */
export function awsPorts({ outputs, sqs, dynamo, s3 }: Connection): ClientPorts {
  const {
    input_queue_url: QueueUrl,
    requests_table_name: table,
    bedrock_calls_bucket_name: bucket,
  } = outputs;
  return {
    async sendBatch(bodies) {
      const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
      const { Successful = [], Failed = [] } = await sqs.send(
        new SendMessageBatchCommand({ QueueUrl, Entries }),
      );
      const sent = new Map(Successful.map(({ Id, MessageId = '' }) => [Id, { id: MessageId }]));
      const refused = new Map(
        Failed.map(({ Id, Code = 'Unknown', Message = '', SenderFault = false }) => [
          Id,
          { code: Code, message: Message, lasting: SenderFault },
        ]),
      );
      const unknown = { code: 'NoAnswer', message: 'the batch says nothing about it', lasting: false };
      return Entries.map(({ Id }) => sent.get(Id) ?? refused.get(Id) ?? unknown);
    },

    async leave(body) {
      // The same content under the same key: a message that is sent again leaves nothing behind.
      const key = `inbox/client/${createHash('sha256').update(body).digest('hex')}.json`;
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
      const { results } = JSON.parse(body) as { results?: string };
      return JSON.stringify({ s3: { bucket, key }, results });
    },

    async read(keys) {
      const Keys = keys.map((request_id) => itemOf({ request_id }));
      const { Responses = {} } = await dynamo.send(
        new BatchGetItemCommand({ RequestItems: { [table]: { Keys } } }),
      );
      // What DynamoDB leaves unprocessed is read again with the next look.
      return (Responses[table] ?? []).map(recordOf);
    },

    async output({ bucket: Bucket, key: Key }) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    },

    async ahead(backlogKey, before) {
      const where = '#backlog_key = :key AND #backlog_order < :before';
      const { Items = [], LastEvaluatedKey } = await dynamo.send(
        new QueryCommand({
          TableName: table,
          IndexName: 'backlog',
          KeyConditionExpression: where,
          ExpressionAttributeNames: namesIn(where),
          ExpressionAttributeValues: valuesOf({ key: backlogKey, before }),
          Limit: MOST_AHEAD,
        }),
      );
      const tokens = Items.map((item) => unmarshall(item)).reduce(
        (sum, { input_tokens = 0, max_tokens = 0 }) => sum + input_tokens + max_tokens,
        0,
      );
      return { requests: Items.length, tokens, more: LastEvaluatedKey !== undefined };
    },

    clock: systemClock,
  };
}
