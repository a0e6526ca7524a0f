/** What operators' commands do with queues and records on AWS. */
import { DeleteItemCommand, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type {
  ChangedRecords,
  DeadLetterQueue,
  FailedRequests,
  TargetQueue,
} from '../../core/operations/ports.ts';
import { isRequest, type StoredRecord } from '../../core/request/record.ts';
import { itemOf, namesIn, unlessRefused, valuesOf } from './expressions.ts';
import { recordOf } from './record-item.ts';
import { dynamoRecords } from './records.ts';

const RECEIVED_AT_ONCE = 10;
/** Enough to look through a full queue; given back before, and by itself after a crash. */
const HIDDEN_SECONDS = 600;
/** A queue has more than one part: without a wait, an answer from an empty part would pass for the end. */
const WAIT_SECONDS = 1;

export function sqsDeadLetters(client: SQSClient, queueUrl: string): DeadLetterQueue {
  return {
    async receive() {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: RECEIVED_AT_ONCE,
          VisibilityTimeout: HIDDEN_SECONDS,
          WaitTimeSeconds: WAIT_SECONDS,
          MessageSystemAttributeNames: ['SentTimestamp'],
        }),
      );
      return Messages.map(({ MessageId = '', Body = '', ReceiptHandle = '', Attributes }) => ({
        id: MessageId,
        body: Body,
        handle: ReceiptHandle,
        sentAt: Number(Attributes?.SentTimestamp),
      }));
    },

    async delete({ handle }) {
      await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: handle }));
    },

    async giveBack(messages) {
      for (let from = 0; from < messages.length; from += RECEIVED_AT_ONCE) {
        const Entries = messages.slice(from, from + RECEIVED_AT_ONCE).map(({ handle }, index) => ({
          Id: String(index),
          ReceiptHandle: handle,
          VisibilityTimeout: 0,
        }));
        await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
      }
    },
  };
}

export function sqsTarget(client: SQSClient, queueUrl: string): TargetQueue {
  return {
    async send(body) {
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
    },
  };
}

export function dynamoFailedRequests(client: DynamoDBClient, table: string): FailedRequests {
  return {
    read: dynamoRecords(client, table).read,

    async *list() {
      const failed = scan(client, table, '#status = :status', { status: 'FAILED' });
      for await (const record of failed) if (isRequest(record)) yield record;
    },

    async delete(requestId) {
      const condition = '#status = :status AND attribute_not_exists(#due_key)';
      const deleted = await unlessRefused(
        client.send(
          new DeleteItemCommand({
            TableName: table,
            Key: itemOf({ request_id: requestId }),
            ConditionExpression: condition,
            ExpressionAttributeNames: namesIn(condition),
            ExpressionAttributeValues: valuesOf({ status: 'FAILED' }),
          }),
        ),
      );
      return deleted !== undefined;
    },
  };
}

export function dynamoChangedRecords(client: DynamoDBClient, table: string): ChangedRecords {
  return {
    changed(interval) {
      const filter = '#accepted_at BETWEEN :from AND :to OR #finished_at BETWEEN :from AND :to';
      return scan(client, table, filter, { ...interval });
    },
  };
}

async function* scan(
  client: DynamoDBClient,
  table: string,
  filter: string,
  values: Record<string, unknown>,
): AsyncGenerator<StoredRecord> {
  const pages = paginateScan(
    { client },
    {
      TableName: table,
      FilterExpression: filter,
      ExpressionAttributeNames: namesIn(filter),
      ExpressionAttributeValues: valuesOf(values),
    },
  );
  for await (const { Items = [] } of pages) yield* Items.map(recordOf);
}
