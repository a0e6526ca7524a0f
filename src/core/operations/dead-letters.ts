/** Dead letters: looked at, sent back to where they came from, or dropped. */
import { isObject, parseJson } from '../request/json.ts';
import type { DeadLetterQueue, HeldMessage, Interval, TargetQueue } from './ports.ts';
import { intervalOf } from './recount.ts';

/** Messages that are wanted: one, by its id, or all. */
type Wanted = string | undefined;

/**
 * Hands every wanted message to `use`; what is not deleted by it is shown to others again in the end, whatever happens.
 * Returns how many there were.
 */
async function withEach(
  queue: DeadLetterQueue,
  isWanted: (message: HeldMessage) => boolean,
  use: (message: HeldMessage) => Promise<'kept' | 'deleted'>,
): Promise<number> {
  const kept: HeldMessage[] = [];
  let used = 0;
  try {
    for (;;) {
      const messages = await queue.receive();
      if (messages.length === 0) return used;
      kept.push(...messages);
      for (const message of messages.filter(isWanted)) {
        if ((await use(message)) === 'deleted') kept.splice(kept.indexOf(message), 1);
        used++;
      }
    }
  } finally {
    await queue.giveBack(kept);
  }
}

function among(wanted: Wanted): (message: HeldMessage) => boolean {
  return ({ id }) => wanted === undefined || id === wanted;
}

export function listDeadLetters(
  queue: DeadLetterQueue,
  wanted: Wanted,
  show: (message: HeldMessage) => void,
): Promise<number> {
  return withEach(queue, among(wanted), async (message) => {
    show(message);
    return 'kept';
  });
}

export function dropDeadLetters(queue: DeadLetterQueue, wanted: Wanted): Promise<number> {
  return withEach(queue, among(wanted), async (message) => {
    await queue.delete(message);
    return 'deleted';
  });
}

/**
 * Sent first, deleted then: a crash in between leaves the message in both queues, and the next redrive sends it again.
 * That is harmless where the message says who it is (see {@link identified}).
 */
export function redriveDeadLetters(
  queue: DeadLetterQueue,
  target: TargetQueue,
  wanted: Wanted,
  bodyOf: (message: HeldMessage) => string,
): Promise<number> {
  return withEach(queue, among(wanted), async (message) => {
    await target.send(bodyOf(message));
    await queue.delete(message);
    return 'deleted';
  });
}

/**
 * Reporting's dead letters only say when the changes happened: these are counted first, and the letters deleted then. A
 * crash in between leaves letters whose changes have been counted, and the next time counts none of them again.
 * @throws {UnknownDeadLetterError} before anything is counted
 */
export async function recountDeadLetters(
  queue: DeadLetterQueue,
  wanted: Wanted,
  recount: (intervals: Interval[]) => Promise<void>,
): Promise<number> {
  const intervals = new Map<string, Interval>();
  await withEach(queue, among(wanted), async (message) => {
    intervals.set(message.id, intervalOf(message));
    return 'kept';
  });
  if (intervals.size === 0) return 0;
  await recount([...intervals.values()]);
  return withEach(
    queue,
    ({ id }) => intervals.has(id),
    async (message) => {
      await queue.delete(message);
      return 'deleted';
    },
  );
}

/**
 * An input message that keeps its identity: without an id of its own a request goes by the message's, which sending
 * changes, so that id is written into the message. A message that cannot carry an id (a pointer, or one that will be rejected) is
 * left as it is.
 */
export function identified({ id, body }: HeldMessage): string {
  const message = parseJson(body);
  const lacksId = isObject(message) && 'model_id' in message && !('request_id' in message);
  // Everything else stays as it was written, byte for byte.
  return lacksId ? body.replace('{', () => `{"request_id":${JSON.stringify(id)},`) : body;
}
