/** What operators' commands do with queues on AWS. */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { DeadLetterQueue, TargetQueue } from '../core/operations/ports.ts';

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
