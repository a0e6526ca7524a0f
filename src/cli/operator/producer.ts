/** What the producers' commands share. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { sqsClient } from '../../aws/clients.ts';
import { Smoother } from '../../client/index.ts';
import { nameSource, namesWith, readOutputs, STACK_FOLDER, type StackFlags } from './stack.ts';

/** Gives the client library, connected to the stack that the flags mean, to `work`. */
export async function withSmoother(
  flags: StackFlags,
  work: (smoother: Smoother) => Promise<void>,
): Promise<void> {
  const smoother = new Smoother({ outputs: await outputsOf(flags) });
  try {
    await work(smoother);
  } finally {
    smoother.destroy();
  }
}

async function outputsOf(flags: StackFlags) {
  const source = nameSource(flags, process.env, existsSync(path.join(STACK_FOLDER, '.terraform')));
  if (source.from !== 'prefix') return readOutputs(source) as never;
  const sqs = sqsClient({});
  try {
    const names = namesWith(source.prefix, sqs);
    return {
      input_queue_url: await names('input_queue_url'),
      requests_table_name: await names('requests_table_name'),
      bedrock_calls_bucket_name: await names('bedrock_calls_bucket_name'),
    };
  } finally {
    sqs.destroy();
  }
}
