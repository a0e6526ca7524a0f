import { createHash } from 'node:crypto';
import { BatchGetItemCommand, QueryCommand, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { itemOf, namesIn, valuesOf } from '../aws/dynamodb/expressions.ts';
import { recordOf } from '../aws/dynamodb/record-item.ts';
import { systemClock } from '../core/clock.ts';
import { concurrently } from '../core/concurrently.ts';
import { backlogKeysBeside } from '../core/request/keys.ts';
import type { Connection } from './connection.ts';
import type { ClientPorts } from './ports.ts';

/** What is ahead is counted up to here: some 30 read units, and half of one for each partition of the queue. */
const MOST_AHEAD = 1_000;
/** The SDK keeps at most 50 connections open. */
const CONCURRENT_READS = 32;

/** The library's ports on AWS. Every read is eventually consistent: half the price, and soon enough. */
export function awsPorts({ outputs, sqs, dynamo, s3 }: Connection, mostAhead = MOST_AHEAD): ClientPorts {
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
      const ahead = { requests: 0, tokens: 0 };
      let unread: { key: string; after?: QueryCommandInput['ExclusiveStartKey'] }[] = backlogKeysBeside(
        backlogKey,
      ).map((key) => ({ key }));
      // A calm queue is in one partition and a flooded one in all of them: each gives a part, and those that have more give
      // what is left in the next round.
      while (unread.length > 0 && ahead.requests < mostAhead) {
        const Limit = Math.ceil((mostAhead - ahead.requests) / unread.length);
        const unfinished: typeof unread = [];
        await concurrently(unread, CONCURRENT_READS, async ({ key, after }) => {
          const { Items = [], LastEvaluatedKey } = await dynamo.send(
            new QueryCommand({
              TableName: table,
              IndexName: 'backlog',
              KeyConditionExpression: where,
              ExpressionAttributeNames: namesIn(where),
              ExpressionAttributeValues: valuesOf({ key, before }),
              ExclusiveStartKey: after,
              Limit,
            }),
          );
          for (const { input_tokens = 0, max_tokens = 0 } of Items.map((item) => unmarshall(item))) {
            ahead.requests += 1;
            ahead.tokens += input_tokens + max_tokens;
          }
          if (LastEvaluatedKey !== undefined) unfinished.push({ key, after: LastEvaluatedKey });
        });
        unread = unfinished;
      }
      return { ...ahead, more: unread.length > 0 };
    },

    clock: systemClock,
  };
}
