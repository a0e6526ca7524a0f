/**
 * A worker runs the bundle that it was started for, and takes along what else is offered while it runs and has room: it is paid
 * by the second, whatever it carries.
 */
import { BUNDLE_ENDED } from '../lane/call-counters.ts';
import { slotOf } from '../lane/call-report.ts';
import type { CallReports } from '../lane/ports.ts';
import { isOffered, type OfferedBundle } from '../request/bundle-offers.ts';
import { BUNDLE_BYTES, BUNDLE_SIZE, type HoldMessage } from '../request/hold-message.ts';
import { takesAlongMs } from '../request/times.ts';
import { runBundle } from './bundle.ts';
import { BundleError } from './errors.ts';
import { GatheredReports } from './gathered-reports.ts';
import { MEGABYTES_PER_PROCESSOR } from './memory.ts';
import type { InvocationPorts } from './outcome.ts';

/** How often a worker looks at what is offered, and reports what it has gathered. */
const LOOK_EVERY_MS = 400;
/** As many as a worker may have room for. */
const MOST_OFFERS = 10;
/** Of a whole processor for one call, from its claim to its result: measured with the built function. */
const CALL_PROCESSOR_MS = 20;
/** A worker that was busy for more of its time than this takes nothing along. */
const BUSY_PART = 0.7;

/**
 * Runs a bundle, unless another worker has taken it along.
 * @throws {BundleError} after all calls have ended, when some could not be dealt with
 */
export async function runWorker(ports: InvocationPorts, message: HoldMessage): Promise<void> {
  if (isOffered(message) && (await isTakenAlong(ports, message))) return;
  await new Worker(ports, message).run();
}

async function isTakenAlong({ offers }: InvocationPorts, { lease }: OfferedBundle): Promise<boolean> {
  return !(await offers.stands(lease)) || !(await offers.take(lease));
}

class Worker {
  readonly #ports: InvocationPorts;
  /** The bundle that it was started for. */
  readonly #own: HoldMessage;
  readonly #begunAt: number;
  readonly #takesUntil: number;
  readonly #ends: Promise<unknown>[] = [];
  readonly #errors: unknown[] = [];
  readonly #gathered: GatheredReports;
  /** All releases that it got, and those that run. */
  #got = 0;
  #running = { bundles: 0, releases: 0, bytes: 0 };

  constructor(ports: InvocationPorts, own: HoldMessage) {
    this.#ports = ports;
    this.#own = own;
    this.#begunAt = ports.clock.now();
    this.#takesUntil = this.#begunAt + takesAlongMs(ports.remainingMs());
    this.#gathered = new GatheredReports(ports.reports);
  }

  async run(): Promise<void> {
    const { clock } = this.#ports;
    const own = this.#own;
    let owesEnd = false;
    this.#start(own, (isOurs) => {
      // Its own bundle ends when the worker is free.
      owesEnd = isOurs && this.#running.bundles > 1;
      return isOurs && !owesEnd ? BUNDLE_ENDED : {};
    });
    while (own.bytes !== undefined && this.#running.bundles > 0) {
      await Promise.race([Promise.all(this.#ends), clock.sleep(LOOK_EVERY_MS)]);
      if (this.#running.bundles === 0) break;
      await this.#tell(this.#gathered.sendDue(clock.now()));
      if (clock.now() < this.#takesUntil) await this.#takeAlong();
    }
    await Promise.all(this.#ends);
    if (owesEnd) await this.#tell(this.#reportsOf(own).add(own.lane, slotOf(own.released_at), BUNDLE_ENDED));
    await this.#tell(this.#gathered.send());
    if (this.#errors.length > 0) throw new BundleError(own.lane, this.#got, this.#errors);
  }

  /** A report that is lost costs a moment of capacity, and tells that this worker could not do all. */
  async #tell(told: Promise<void>): Promise<void> {
    await told.catch((error) => this.#errors.push(error));
  }

  #reportsOf({ unhurried, partition }: HoldMessage): Pick<CallReports, 'add'> {
    const reports = unhurried ? this.#gathered : this.#ports.reports;
    return { add: (lane, slot, counters) => reports.add(lane, slot, counters, partition) };
  }

  /** What cannot be looked at now goes to workers of its own. */
  async #takeAlong(): Promise<void> {
    const { offers, log } = this.#ports;
    if (!this.#hasRoomFor(1, 0)) return;
    try {
      for (const bundle of await offers.list(MOST_OFFERS)) {
        if (this.#running.bundles === 0) return;
        if (!this.#hasRoomFor(bundle.releases.length, bundle.bytes)) continue;
        if (!(await offers.take(bundle.lease))) continue;
        this.#start(bundle, () => ({}));
        // It takes no worker of its own.
        await this.#reportsOf(bundle).add(bundle.lane, slotOf(bundle.released_at), BUNDLE_ENDED);
      }
    } catch (error) {
      log('offers.unread', { error: String(error) });
    }
  }

  #hasRoomFor(releases: number, bytes: number): boolean {
    const { clock, memoryMegabytes } = this.#ports;
    const running = this.#running;
    const share = Math.min(1, memoryMegabytes / MEGABYTES_PER_PROCESSOR);
    const busyMs = ((this.#got + releases) * CALL_PROCESSOR_MS) / share;
    return (
      running.releases + releases <= BUNDLE_SIZE &&
      running.bytes + bytes <= BUNDLE_BYTES &&
      busyMs <= BUSY_PART * (clock.now() - this.#begunAt)
    );
  }

  #start(message: HoldMessage, atEnd: Parameters<typeof runBundle>[2]): void {
    const { releases, bytes = BUNDLE_BYTES } = message;
    const running = this.#running;
    this.#got += releases.length;
    running.bundles += 1;
    running.releases += releases.length;
    running.bytes += bytes;
    const ports = { ...this.#ports, reports: this.#reportsOf(message) };
    const end = runBundle(ports, message, atEnd).then((errors) => {
      this.#errors.push(...errors);
      running.bundles -= 1;
      running.releases -= releases.length;
      running.bytes -= bytes;
    });
    this.#ends.push(end);
  }
}
