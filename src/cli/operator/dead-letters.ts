import { dynamoChangedRecords } from '../../aws/dynamodb/operations.ts';
import { dynamoReportRows } from '../../aws/dynamodb/report-rows.ts';
import { sqsDeadLetters, sqsTarget } from '../../aws/operator-queues.ts';
import {
  dropDeadLetters,
  identified,
  listDeadLetters,
  recountDeadLetters,
  redriveDeadLetters,
} from '../../core/operations/dead-letters.ts';
import type { DeadLetterQueue, HeldMessage, Interval, TargetQueue } from '../../core/operations/ports.ts';
import { recount } from '../../core/operations/recount.ts';
import { counted } from '../report/numbers.ts';
import type { Stack } from './operator-command.ts';
import type { Names } from './stack.ts';

/** Outputs that name a dead-letter queue, and the queue that its messages came from. */
const QUEUES = {
  input: { deadLetters: 'input_dlq_url', target: 'input_queue_url', bodyOf: identified },
  // A late release is refused because of its generation: redriving one is harmless and never necessary.
  hold: {
    deadLetters: 'hold_next_batch_dlq_url',
    target: 'hold_next_batch_queue_url',
    bodyOf: ({ body }: HeldMessage) => body,
  },
  // What S3 says about a file, or what a batch goes on by: received again, either has no effect once it had one.
  batches: {
    deadLetters: 'batches_dlq_url',
    target: 'batches_queue_url',
    bodyOf: ({ body }: HeldMessage) => body,
  },
  // These are positions in the table's stream. Their changes are counted from the table itself.
  reporting: { deadLetters: 'reporting_dlq_url', target: undefined, bodyOf: undefined },
} as const;

export type DeadLetterQueueName = keyof typeof QUEUES;
export const QUEUE_NAMES = Object.keys(QUEUES) as DeadLetterQueueName[];
export const DEAD_LETTER_ACTIONS = ['list', 'redrive', 'drop'] as const;
export type DeadLetterAction = (typeof DEAD_LETTER_ACTIONS)[number];

export interface DeadLetterPorts {
  names: Names;
  deadLetters(url: string): DeadLetterQueue;
  target(url: string): TargetQueue;
  /** Counts what was not counted at these times; returns how many changes it looked at. */
  recount(intervals: readonly Interval[]): Promise<number>;
}

export function deadLetterPorts({ names, dynamo, sqs }: Stack): DeadLetterPorts {
  return {
    names,
    deadLetters: (url) => sqsDeadLetters(sqs, url),
    target: (url) => sqsTarget(sqs, url),
    recount: async (intervals) =>
      recount(
        dynamoReportRows(dynamo, await names('reporting_table_name')),
        dynamoChangedRecords(dynamo, await names('requests_table_name')),
        intervals,
      ),
  };
}

/** With an id, `list` shows the message itself. @returns how many messages it was about */
export async function operateDeadLetters(
  action: DeadLetterAction,
  { queue: name, id }: { queue: DeadLetterQueueName; id?: string },
  ports: DeadLetterPorts,
  line: (text: string) => void,
): Promise<number> {
  const { deadLetters, target, bodyOf } = QUEUES[name];
  const queue = ports.deadLetters(await ports.names(deadLetters));
  const tell = (count: number, what: string, many = what) => {
    line(`${name}: ${counted(count, what, many)}`);
    return count;
  };
  if (action === 'list') {
    const show = (message: HeldMessage) => line(id === undefined ? describe(message) : message.body);
    return tell(await listDeadLetters(queue, id, show), 'dead letter', 'dead letters');
  }
  if (action === 'drop') return tell(await dropDeadLetters(queue, id), 'dropped');
  if (target !== undefined) {
    const input = ports.target(await ports.names(target));
    return tell(await redriveDeadLetters(queue, input, id, bodyOf), 'sent back');
  }
  const count = async (intervals: readonly Interval[]) => {
    const changes = await ports.recount(intervals);
    tell(changes, 'change from these times has been counted', 'changes from these times have been counted');
  };
  return tell(await recountDeadLetters(queue, id, count), 'counted and removed');
}

function describe({ id, sentAt, body }: HeldMessage): string {
  return `${id}  sent ${new Date(sentAt).toISOString()}  ${Buffer.byteLength(body)} bytes`;
}
