/**
 * A worker runs the bundle that it was started for, and takes along what else is offered while it runs and has room: it is paid
 * by the second, whatever it carries.
 */
import { BUNDLE_ENDED } from '../lane/call-counters.ts';
import { slotOf } from '../lane/call-report.ts';
import type { Counters } from '../lane/counters.ts';
import type { CallReports } from '../lane/ports.ts';
import { leaseEnd } from '../request/bundle-lease.ts';
import { isOffered, type OfferedBundle } from '../request/bundle-offers.ts';
import { BUNDLE_BYTES, BUNDLE_SIZE, type HoldMessage } from '../request/hold-message.ts';
import { bundleMsOf } from '../request/times.ts';
import { runBundle } from './bundle.ts';
import { BundleError } from './errors.ts';
import { GatheredReports } from './gathered-reports.ts';
import type { InvocationPorts } from './outcome.ts';
import { ProcessorTime } from './processor-time.ts';

/** How often a worker looks at what is offered, and reports what it has gathered. */
const LOOK_EVERY_MS = 400;
/** As many as a worker may have room for. */
const MOST_OFFERS = 10;

/** What a worker needs. */
export interface WorkerPorts extends InvocationPorts {
  /** Until the function is stopped. */
  remainingMs(): number;
}

/**
 * Runs a bundle, unless another worker has taken it along.
 * @throws {BundleError} after all calls have ended, when some could not be dealt with
 */
export async function runWorker(ports: WorkerPorts, message: HoldMessage): Promise<void> {
  if (isOffered(message) && (await isTakenAlong(ports, message))) return;
  await new Worker(ports, message).run();
}

async function isTakenAlong({ offers }: InvocationPorts, { lease }: OfferedBundle): Promise<boolean> {
  return !(await offers.stands(lease)) || !(await offers.take(lease));
}

/**
 * The time that the leader gave a bundle. While `invocation_timeout_seconds` is changed, it may be less than what its worker knows:
 * a call that outlived the lease would be made again.
 */
function leasedMs({ lease, released_at }: HoldMessage): number {
  return lease === undefined ? Number.POSITIVE_INFINITY : bundleMsOf(leaseEnd(lease) - released_at);
}

/** The bundle by which a leader counts the worker: by its end it will know that the worker is free. */
interface Counted {
  bundle: HoldMessage;
  /** This delivery of it is the one that tells of its end, as far as is known. */
  isOurs: boolean;
}

class Worker {
  readonly #ports: WorkerPorts;
  /** The bundle that it was started for. */
  readonly #own: HoldMessage;
  readonly #running = new Set<Promise<void>>();
  readonly #carried = { releases: 0, bytes: 0 };
  readonly #errors: unknown[] = [];
  readonly #gathered: GatheredReports;
  readonly #processor: ProcessorTime;
  /** All releases that it got. */
  #got = 0;
  /** Others have room for what it could take along, or a call could not be dealt with: the function's error is to show that soon. */
  #takesNoMore = false;
  /** None where another delivery of its own bundle is counted. */
  #counted: Counted | undefined;

  constructor(ports: WorkerPorts, own: HoldMessage) {
    this.#ports = ports;
    this.#own = own;
    this.#gathered = new GatheredReports(ports.reports);
    this.#processor = new ProcessorTime(ports);
  }

  async run(): Promise<void> {
    const { clock, remainingMs, bundleMs } = this.#ports;
    const own = this.#own;
    this.#counted = { bundle: own, isOurs: false };
    this.#start(own);
    while (own.bytes !== undefined && this.#running.size > 0) {
      await Promise.race([Promise.all(this.#running), clock.sleep(LOOK_EVERY_MS)]);
      if (this.#running.size === 0) break;
      await this.#tell(this.#gathered.sendDue(clock.now()));
      if (!this.#takesNoMore && remainingMs() >= bundleMs) await this.#takeAlong();
    }
    await Promise.all(this.#running);
    if (this.#counted !== undefined) await this.#tell(this.#reportEnd(this.#counted.bundle));
    await this.#tell(this.#gathered.send());
    if (this.#errors.length > 0) throw new BundleError(own.lane, this.#got, this.#errors);
  }

  /** A report that is lost costs a moment of capacity, and tells that this worker could not do all. */
  async #tell(told: Promise<void>): Promise<void> {
    await told.catch((error) => this.#errors.push(error));
  }

  #reportEnd(bundle: HoldMessage): Promise<void> {
    return this.#reportsOf(bundle).add(bundle.lane, slotOf(bundle.released_at), BUNDLE_ENDED);
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
        if (this.#running.size === 0) return;
        if (!this.#hasRoomFor(bundle.releases.length, bundle.bytes)) continue;
        if (!(await offers.take(bundle.lease))) {
          this.#takesNoMore ||= !this.#isWellUsed;
          continue;
        }
        this.#start(bundle);
        await this.#count(bundle);
      }
    } catch (error) {
      log('offers.unread', { error: String(error) });
    }
  }

  /**
   * A leader counts one worker for each bundle, until its calls have ended or its end was reported. So of two bundles in one worker
   * the end of one is reported at once: of the one before, because the new one's calls mostly end later.
   */
  async #count(taken: HoldMessage): Promise<void> {
    const before = this.#counted;
    if (before?.isOurs === false) return this.#reportEnd(taken);
    this.#counted = { bundle: taken, isOurs: false };
    if (before !== undefined) await this.#reportEnd(before.bundle);
  }

  get #isWellUsed(): boolean {
    return 2 * this.#carried.releases >= BUNDLE_SIZE || this.#processor.isHalfUsed;
  }

  #hasRoomFor(releases: number, bytes: number): boolean {
    const carried = this.#carried;
    return (
      carried.releases + releases <= BUNDLE_SIZE &&
      carried.bytes + bytes <= BUNDLE_BYTES &&
      this.#processor.hasTimeFor(releases)
    );
  }

  #start(message: HoldMessage): void {
    const { clock, remainingMs: untilStopped } = this.#ports;
    const { releases, bytes = BUNDLE_BYTES } = message;
    const bundleMs = Math.min(this.#ports.bundleMs, leasedMs(message));
    const carried = this.#carried;
    this.#got += releases.length;
    this.#processor.spend(releases.length);
    carried.releases += releases.length;
    carried.bytes += bytes;
    const endsAt = clock.now() + bundleMs;
    const remainingMs = () => Math.min(untilStopped(), endsAt - clock.now());
    const ports = { ...this.#ports, reports: this.#reportsOf(message), bundleMs, remainingMs };
    const worker = {
      claimed: () => {
        if (this.#counted?.bundle === message) this.#counted.isOurs = true;
      },
      callEnded: (hasFailed: boolean) => {
        carried.releases -= 1;
        this.#takesNoMore ||= hasFailed;
      },
      atEnd: (isOurs: boolean) => this.#countersAtEnd(message, isOurs),
    };
    const end = runBundle(ports, message, worker).then((errors) => {
      this.#errors.push(...errors);
      carried.bytes -= bytes;
      this.#running.delete(end);
    });
    this.#running.add(end);
  }

  /** The worker is free when the last of its bundles ends. */
  #countersAtEnd(bundle: HoldMessage, isOurs: boolean): Counters {
    if (this.#counted?.bundle !== bundle) return {};
    const owesEnd = isOurs && this.#running.size > 1;
    this.#counted = owesEnd ? { bundle, isOurs } : undefined;
    return isOurs && !owesEnd ? BUNDLE_ENDED : {};
  }
}
