import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { ClientPorts } from './ports.ts';
import { type Result, resultFrom } from './result.ts';

/** A message is hidden from others this long, and again and again while the loop's body runs. */
const HIDDEN_SECONDS = 60;
const EXTEND_EVERY_MS = 20_000;
const WAIT_SECONDS = 20;

/**
 * Results of a queue, one at a time. A result is deleted when the loop asks for the next one, so one whose handling threw, or
 * whose process died, is delivered again. Ends when the signal aborts.
 */
export async function* resultsOf(
  sqs: SQSClient,
  QueueUrl: string,
  fetchOutput: ClientPorts['output'],
  signal?: AbortSignal,
): AsyncGenerator<Result, void, undefined> {
  while (!signal?.aborted) {
    const message = await receive(sqs, QueueUrl, signal);
    if (message === undefined) continue;
    const { Body = '{}', ReceiptHandle } = message;
    const extending = setInterval(() => {
      // What cannot be extended comes again, which a consumer must bear anyway.
      sqs
        .send(
          new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: HIDDEN_SECONDS }),
        )
        .catch(() => undefined);
    }, EXTEND_EVERY_MS);
    try {
      yield await resultFrom(JSON.parse(Body), fetchOutput);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    } finally {
      clearInterval(extending);
    }
  }
}

async function receive(
  sqs: SQSClient,
  QueueUrl: string,
  abortSignal: AbortSignal | undefined,
): Promise<Message | undefined> {
  try {
    const { Messages: [message] = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        WaitTimeSeconds: WAIT_SECONDS,
        VisibilityTimeout: HIDDEN_SECONDS,
      }),
      { abortSignal },
    );
    return message;
  } catch (error) {
    if (abortSignal?.aborted) return undefined;
    throw error;
  }
}
