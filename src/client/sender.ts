/** Messages to the Input queue: in batches as full as they come, and through the bucket where no message can carry them. */
import { SmootherError } from './errors.ts';
import { isSendable, MAX_BYTES, MAX_ENTRIES } from './message-limits.ts';

/** Batches on their way at once. */
const CONCURRENCY = 8;
/** What a batch did not take, through no fault of the message, is sent again so often. */
const ATTEMPTS = 5;

export interface SenderPorts {
  /** One message id or refusal for each body, in their order. */
  sendBatch(bodies: readonly string[]): Promise<({ id: string } | Refusal)[]>;
  /** Leaves a body in the bucket's inbox; the message that points to it. */
  leave(body: string): Promise<string>;
}

export interface Refusal {
  code: string;
  message: string;
  /** The message is at fault: it would be refused again. */
  lasting: boolean;
}

/** The queue does not take the message. */
export class MessageRefusedError extends SmootherError {
  override readonly name = 'MessageRefusedError';
  /** @internal */
  constructor(readonly refusal: Refusal) {
    super(`The Input queue does not take the message: ${refusal.code} ${refusal.message}`);
  }
}

interface Entry {
  body: string;
  bytes: number;
  attempts: number;
  resolve(messageId: string): void;
  reject(error: unknown): void;
}

export class Sender {
  readonly #ports: SenderPorts;
  readonly #waiting: Entry[] = [];
  #running = 0;

  constructor(ports: SenderPorts) {
    this.#ports = ports;
  }

  /**
   * Resolves with the SQS message's id once the queue has the message.
   * @throws MessageRefusedError
   */
  async send(message: string): Promise<string> {
    const body = isSendable(message) ? message : await this.#ports.leave(message);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ body, bytes: Buffer.byteLength(body), attempts: 0, resolve, reject });
      // Messages sent in the same turn of the event loop share a batch.
      setImmediate(() => this.#pump());
    });
  }

  #pump(): void {
    while (this.#running < CONCURRENCY && this.#waiting.length > 0) {
      this.#running += 1;
      void this.#sendBatch(this.#takeBatch()).finally(() => {
        this.#running -= 1;
        this.#pump();
      });
    }
  }

  #takeBatch(): Entry[] {
    let bytes = 0;
    let count = 0;
    while (count < MAX_ENTRIES && bytes + (this.#waiting[count]?.bytes ?? Infinity) <= MAX_BYTES) {
      bytes += this.#waiting[count]?.bytes ?? 0;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #sendBatch(batch: readonly Entry[]): Promise<void> {
    try {
      const answers = await this.#ports.sendBatch(batch.map(({ body }) => body));
      for (const [index, entry] of batch.entries()) this.#settle(entry, answers[index]);
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
  }

  #settle(entry: Entry, answer: { id: string } | Refusal | undefined): void {
    if (answer !== undefined && 'id' in answer) {
      entry.resolve(answer.id);
      return;
    }
    entry.attempts += 1;
    const refusal = answer ?? {
      code: 'NoAnswer',
      message: 'the batch says nothing about it',
      lasting: false,
    };
    if (refusal.lasting || entry.attempts >= ATTEMPTS) entry.reject(new MessageRefusedError(refusal));
    else this.#waiting.unshift(entry);
  }
}
