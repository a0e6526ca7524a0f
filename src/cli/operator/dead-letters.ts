import {
  dropDeadLetters,
  identified,
  listDeadLetters,
  recountDeadLetters,
  redriveDeadLetters,
} from '../../core/operations/dead-letters.ts';
import type { DeadLetterQueue, HeldMessage, Interval, TargetQueue } from '../../core/operations/ports.ts';
import { choiceFlag, UsageError } from '../terminal/flags.ts';
import { type Outputs, outputOf } from './outputs.ts';

/** Outputs that name a dead-letter queue, and the queue that its messages came from. */
const QUEUES = {
  input: { deadLetters: 'input_dlq_url', target: 'input_queue_url', bodyOf: identified },
  // A late release is refused by its generation: redriving one is harmless, and never needed.
  hold: {
    deadLetters: 'hold_next_batch_dlq_url',
    target: 'hold_next_batch_queue_url',
    bodyOf: ({ body }: HeldMessage) => body,
  },
  // Positions in the table's stream: their changes are counted from the table itself.
  reporting: { deadLetters: 'reporting_dlq_url', target: undefined, bodyOf: undefined },
} as const;
const ACTIONS = ['list', 'redrive', 'drop'] as const;
const NAMES = Object.keys(QUEUES) as (keyof typeof QUEUES)[];

export interface DeadLetterPorts {
  deadLetters(url: string): DeadLetterQueue;
  target(url: string): TargetQueue;
  /** Counts what was not counted at these times; returns how many changes it looked at. */
  recount(outputs: Outputs, intervals: readonly Interval[]): Promise<number>;
}

/**
 * `dead-letters list|redrive|drop --queue NAME [--id ID]`; with an id, `list` shows the message itself.
 * @throws {UsageError}
 */
export async function operateDeadLetters(
  action: string | undefined,
  flags: { queue?: string; id?: string },
  outputs: () => Outputs,
  ports: DeadLetterPorts,
  write: (line: string) => void,
): Promise<number> {
  if (!ACTIONS.some((known) => known === action)) {
    throw new UsageError('', `dead-letters needs one of ${ACTIONS.join(', ')}`, action);
  }
  const name = choiceFlag('queue', flags.queue, NAMES);
  if (name === undefined) throw new UsageError('queue', `must be one of ${NAMES.join(', ')}`);
  const { deadLetters, target, bodyOf } = QUEUES[name];
  const all = outputs();
  const queue = ports.deadLetters(outputOf(all, deadLetters));
  let count: number;
  if (action === 'list') {
    const show = (message: HeldMessage) => write(flags.id === undefined ? lineOf(message) : message.body);
    count = await listDeadLetters(queue, flags.id, show);
    write(`${name}: ${count} dead letters`);
  } else if (action === 'drop') {
    count = await dropDeadLetters(queue, flags.id);
    write(`${name}: ${count} dropped`);
  } else if (target !== undefined) {
    count = await redriveDeadLetters(queue, ports.target(outputOf(all, target)), flags.id, bodyOf);
    write(`${name}: ${count} sent back`);
  } else {
    count = await recountDeadLetters(queue, flags.id, async (intervals) => {
      const looked = await ports.recount(all, intervals);
      write(`${name}: ${looked} changes of these times are counted`);
    });
    write(`${name}: ${count} made good`);
  }
  // Who names a message and does not find it has not got what they asked for.
  return count === 0 && flags.id !== undefined ? 1 : 0;
}

function lineOf({ id, sentAt, body }: HeldMessage): string {
  return `${id}  sent ${new Date(sentAt).toISOString()}  ${Buffer.byteLength(body)} bytes`;
}
