/**
 * A queue with its event source, as far as losing no message depends on it. A message that is not acknowledged comes
 * again after its visibility timeout; after the maximum number of receives it goes to the dead letters.
 */
import type { VirtualClock } from '../simulation/virtual-clock.ts';

export interface Delivery {
  id: string;
  body: string;
  /** Epoch milliseconds. */
  sentAt: number;
  /** 1 on the first delivery. */
  receiveCount: number;
}

interface Message extends Delivery {
  visibleAt: number;
}

export interface QueueOptions {
  clock: VirtualClock;
  name: string;
  batchSize: number;
  visibilityMs: number;
  maximumReceives: number;
  /** Ids that failed. A rejection fails the whole batch. */
  deliver(batch: Delivery[]): Promise<string[]>;
  /** For control tests: a batch is acknowledged before it is handled. */
  acknowledgesFirst?: boolean;
}

const DELIVERY_MS = 20;

export class RedeliveringQueue {
  readonly deadLetters: Delivery[] = [];
  readonly #options: QueueOptions;
  readonly #messages = new Map<string, Message>();
  #sent = 0;
  #started = true;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Waiting or being handled. */
  get size(): number {
    return this.#messages.size;
  }

  /** The bodies of the messages in the queue, oldest first. */
  bodies(): string[] {
    return [...this.#messages.values()].map(({ body }) => body);
  }

  /** Returns the message's id. */
  send(body: string, delayMs = DELIVERY_MS): string {
    const { clock, name } = this.#options;
    this.#sent += 1;
    const id = `${name}-${this.#sent}`;
    const visibleAt = clock.now() + Math.max(delayMs, DELIVERY_MS);
    this.#messages.set(id, { id, body, sentAt: clock.now(), receiveCount: 0, visibleAt });
    this.#lookAt(visibleAt);
    return id;
  }

  /** Stops deliveries until `start`. */
  stop(): void {
    this.#started = false;
  }

  start(): void {
    this.#started = true;
    this.#deliverVisible();
  }

  #lookAt(at: number): void {
    this.#options.clock.at(at, () => this.#deliverVisible());
  }

  #deliverVisible(): void {
    const { clock, batchSize, visibilityMs, maximumReceives } = this.#options;
    if (!this.#started) return;
    const visible = [...this.#messages.values()].filter(({ visibleAt }) => visibleAt <= clock.now());
    for (const message of visible) {
      message.receiveCount += 1;
      message.visibleAt = clock.now() + visibilityMs;
      if (message.receiveCount > maximumReceives) {
        this.#messages.delete(message.id);
        this.deadLetters.push(message);
      }
    }
    const received = visible.filter(({ id }) => this.#messages.has(id));
    for (let from = 0; from < received.length; from += batchSize) {
      clock.spawn(() => this.#handle(received.slice(from, from + batchSize)));
    }
  }

  async #handle(batch: Message[]): Promise<void> {
    const { deliver, acknowledgesFirst, clock, visibilityMs } = this.#options;
    const again = clock.now() + visibilityMs;
    if (acknowledgesFirst) for (const { id } of batch) this.#messages.delete(id);
    const failed = await deliver(batch.map(({ visibleAt: _, ...delivery }) => delivery)).catch(() =>
      batch.map(({ id }) => id),
    );
    for (const { id } of batch) if (!failed.includes(id)) this.#messages.delete(id);
    if (failed.length > 0) this.#lookAt(again);
  }
}
