import { readHoldMessage } from '../request/hold-message.ts';
import { runWorker, type WorkerPorts } from './worker.ts';

/** A message of the Hold Next Batch queue. */
export interface BundleMessage {
  messageId: string;
  body: string;
}

/**
 * Runs the bundles of a batch, each on its own, and returns the ids of the messages that failed.
 * @throws {AggregateError} when all failed, so that the function's own error count shows it.
 */
export async function invokeBatch(ports: WorkerPorts, messages: readonly BundleMessage[]): Promise<string[]> {
  const ends = await Promise.allSettled(
    messages.map(async ({ body }) => runWorker(ports, readHoldMessage(body))),
  );
  const failures = messages.flatMap(({ messageId }, index) => {
    const end = ends[index];
    return end?.status === 'rejected' ? [{ messageId, reason: end.reason as unknown }] : [];
  });
  if (failures.length > 0 && failures.length === messages.length) {
    throw new AggregateError(
      failures.map(({ reason }) => reason),
      `No message of the batch could be dealt with: ${failures.map(({ reason }) => String(reason)).join('; ')}`,
    );
  }
  for (const { messageId, reason } of failures)
    ports.log('bundle.failed', { messageId, error: String(reason) });
  return failures.map(({ messageId }) => messageId);
}
