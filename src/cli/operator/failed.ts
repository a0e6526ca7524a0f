import { dynamoFailedRequests } from '../../aws/dynamodb/operations.ts';
import { sqsTarget } from '../../aws/operator-queues.ts';
import { storedPayloads } from '../../aws/payloads.ts';
import type { FailedRequests, TargetQueue } from '../../core/operations/ports.ts';
import { retryIdOf, retryMessageOf } from '../../core/operations/retry.ts';
import { PayloadMissingError } from '../../core/request/errors.ts';
import { sha256 } from '../../core/request/keys.ts';
import { type Call, readPayload } from '../../core/request/payload.ts';
import type { Payloads } from '../../core/request/ports.ts';
import { isRequest, type RequestRecord } from '../../core/request/record.ts';
import { counted } from '../report/numbers.ts';
import type { Stack } from './operator-command.ts';

/** The limit of an SQS message. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

export interface FailedPorts {
  failed: FailedRequests;
  /** Payloads, and the inbox of the calls bucket for messages that are too large for the queue. */
  objects: Payloads;
  bucket: string;
  input: TargetQueue;
}

export async function failedPorts({ names, dynamo, sqs, s3 }: Stack): Promise<FailedPorts> {
  const bucket = await names('bedrock_calls_bucket_name');
  const table = await names('requests_table_name');
  return {
    failed: dynamoFailedRequests(dynamo, table),
    objects: storedPayloads({ dynamo, table, s3, bucket }),
    bucket,
    input: sqsTarget(sqs, await names('input_queue_url')),
  };
}

/** Without an id it is about all of them. @returns whether what was asked for could be done for each */
export async function operateFailed(
  action: FailedAction,
  { id }: { id?: string },
  ports: FailedPorts,
  line: (text: string) => void,
): Promise<boolean> {
  let count = 0;
  let left = 0;
  let retried = 0;
  for await (const record of wanted(ports.failed, id)) {
    const { done, text, isRetried } = await ACTIONS[action](ports, record);
    if (isRetried && id === undefined) {
      retried++;
      continue;
    }
    count++;
    if (!done) left++;
    line(`${record.request_id}  ${text}`);
  }
  if (id !== undefined && count === 0) line(`${id}  ${await otherThanFailed(ports.failed, id)}`);
  const others = retried === 0 ? '' : `, and ${counted(retried, 'other')} that had been retried already`;
  line(`${counted(count, 'failed request')}${left === 0 ? '' : `, ${left} left as they are`}${others}`);
  return left === 0 && (id === undefined || count > 0);
}

async function* wanted(failed: FailedRequests, id: string | undefined): AsyncGenerator<RequestRecord> {
  if (id === undefined) return yield* failed.list();
  const record = await failed.read(id);
  if (record?.status === 'FAILED') yield record;
}

async function otherThanFailed(failed: FailedRequests, id: string): Promise<string> {
  const record = await failed.read(id);
  return record === undefined ? 'there is no record of it' : `it is ${record.status}, and not FAILED`;
}

interface Done {
  done: boolean;
  text: string;
  /** There was nothing to do: a retry is there already. */
  isRetried?: boolean;
}

const ACTIONS = { list: describe, retry, drop };
export type FailedAction = keyof typeof ACTIONS;
export const FAILED_ACTIONS = Object.keys(ACTIONS) as FailedAction[];

async function describe(_ports: FailedPorts, { finished_at = 0, error }: RequestRecord): Promise<Done> {
  return { done: true, text: `${new Date(finished_at).toISOString()}  ${error?.type}: ${error?.message}` };
}

async function retry({ failed, objects, bucket, input }: FailedPorts, record: RequestRecord): Promise<Done> {
  const retryId = retryIdOf(record.request_id);
  const before = await failed.read(retryId);
  if (before !== undefined && isRequest(before)) {
    return { done: false, isRetried: true, text: `was retried already: ${retryId} is ${before.status}` };
  }
  const call = await readCall(objects, record.payload_key);
  if (call === undefined) return { done: false, text: 'its payload has expired' };
  const body = retryMessageOf(record, call);
  if (Buffer.byteLength(body) <= MAX_MESSAGE_BYTES) {
    await input.send(body);
  } else {
    const key = `inbox/retries/${sha256(retryId)}.json`;
    await objects.put(key, body);
    await input.send(JSON.stringify({ s3: { bucket, key } }));
  }
  return { done: true, text: `sent again as ${retryId}` };
}

async function drop({ failed }: FailedPorts, { request_id }: RequestRecord): Promise<Done> {
  const done = await failed.delete(request_id);
  return { done, text: done ? 'dropped' : 'its result has not been sent yet' };
}

async function readCall(objects: Payloads, key: string): Promise<Call | undefined> {
  try {
    return readPayload(await objects.get(key));
  } catch (error) {
    if (error instanceof PayloadMissingError) return undefined;
    throw error;
  }
}
