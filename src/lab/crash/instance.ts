/** A running instance of a function, which can die: then none of its calls is answered and no sleep ends. */
import type { Clock } from '../../core/clock.ts';
import type { VirtualClock } from '../simulation/virtual-clock.ts';
import { type Around, interposed, type PortCall } from './calls.ts';
import { KilledError } from './errors.ts';

/** What happens at each call of an instance. */
export type CallInterceptor = (
  call: PortCall,
  proceed: () => Promise<unknown>,
  instance: Instance,
) => Promise<unknown>;

export class Instance {
  readonly clock: Clock;
  readonly #world: VirtualClock;
  #fault: CallInterceptor | undefined;
  #alive = true;
  #onDeath: (reason: 'cut' | 'timeout') => void = () => undefined;

  constructor(
    readonly functionName: string,
    world: VirtualClock,
  ) {
    this.#world = world;
    this.clock = { now: () => world.now(), sleep: (ms) => this.#unlessDead(world.sleep(ms)) };
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Ends everything that the instance has begun. Calls that it has already made take effect. */
  kill(reason: 'cut' | 'timeout' = 'cut'): void {
    this.#alive = false;
    this.#onDeath(reason);
  }

  /** Sets the fault that its calls meet from now on. */
  interfere(fault: CallInterceptor | undefined): void {
    this.#fault = fault;
  }

  /** The ports as this instance has them. */
  connect<Ports extends object>(ports: Ports): Ports {
    return interposed(ports, this.#around);
  }

  /**
   * One invocation.
   * @throws {KilledError} when the instance dies before the end, or when its time is up
   */
  async run<T>(work: () => Promise<T>, timeoutMs: number, fault?: CallInterceptor): Promise<T> {
    this.interfere(fault);
    let running = true;
    const death = new Promise<never>((_, reject) => {
      this.#onDeath = (reason) => reject(new KilledError(this.functionName, reason));
    });
    this.#world.at(this.#world.now() + timeoutMs, () => {
      if (running && this.#alive) this.kill('timeout');
    });
    try {
      return await Promise.race([work(), death]);
    } finally {
      running = false;
      this.interfere(undefined);
    }
  }

  readonly #around: Around = async (call, proceed) => {
    if (!this.#alive) return never();
    const fault = this.#fault;
    return this.#unlessDead(fault === undefined ? proceed() : fault(call, proceed, this));
  };

  async #unlessDead<T>(answer: Promise<T>): Promise<T> {
    try {
      const value = await answer;
      return this.#alive ? value : never();
    } catch (error) {
      if (!this.#alive) return never();
      throw error;
    }
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
