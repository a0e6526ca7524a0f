import { DeleteMessageBatchCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { ResultMessage } from '../core/request/result.ts';

const RECEIVERS = 2;
const WAIT_SECONDS = 1;

/**
 * Receives results until `stop` is aborted and the queue is empty. `onResult` gets the parsed message and its text, and
 * then the message is deleted.
 */
export async function collect(
  sqs: SQSClient,
  queueUrl: string,
  onResult: (result: ResultMessage, text: string) => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  const receive = async () => {
    for (;;) {
      const stopping = stop.aborted;
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: stopping ? 0 : WAIT_SECONDS,
        }),
      );
      if (Messages.length === 0) {
        if (stopping) return;
        continue;
      }
      for (const { Body = '' } of Messages) await onResult(JSON.parse(Body), Body);
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  };
  await Promise.all(Array.from({ length: RECEIVERS }, receive));
}
