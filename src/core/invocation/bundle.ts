/** One bundle of releases, run to its end. */
import { freedBy, type HoldingCall, heldBy } from '../lane/call-counters.ts';
import { HELD_AFTER_MS, slotOf } from '../lane/call-report.ts';
import type { Counters } from '../lane/counters.ts';
import type { HoldMessage, Release } from '../request/hold-message.ts';
import { PayloadUnreadableError } from './errors.ts';
import { invoke } from './invoke.ts';
import type { InvocationPorts } from './outcome.ts';
import type { Run } from './reported-call.ts';

/** A call has arrived so long after it was sent: a worker with a third of a processor sends forty calls at once in three seconds. */
const TRANSIT_MS = 2_000;

/** Who runs a bundle. One of several deliveries, and no other, got its first release: that one tells of the bundle's end. */
export interface BundleWorker {
  /** This delivery has claimed the first release. */
  claimed(): void;
  /** One of its releases has been dealt with, or could not be. */
  callEnded(hasFailed: boolean): void;
  /** What to report with the end of the bundle. */
  atEnd(isOurs: boolean): Counters;
}

/**
 * Runs the releases concurrently; each ends on its own. A release that was claimed and could not be dealt with is brought back by
 * the bundle's lease, or was set aside already, and not by a redelivery of the message.
 * @returns what could not be dealt with
 */
export async function runBundle(
  ports: InvocationPorts,
  message: HoldMessage,
  worker: BundleWorker,
): Promise<unknown[]> {
  const { lane, released_at, releases, lease } = message;
  const slot = slotOf(released_at);
  const running = new Set<Run>();
  const run = async (release: Release) => {
    let claimed: Run | undefined;
    let hasFailed = true;
    try {
      const end = await invoke(ports, message, release, (run) => {
        claimed = run;
        running.add(run);
        if (release === releases[0]) worker.claimed();
      });
      hasFailed = false;
      return end;
    } finally {
      if (claimed !== undefined) running.delete(claimed);
      worker.callEnded(hasFailed);
    }
  };
  const all = Promise.allSettled(releases.map(run));
  await Promise.race([all, ports.clock.sleep(HELD_AFTER_MS)]);
  const held = [...running].map(holding);
  const [told] = await Promise.allSettled([
    held.length > 0 ? ports.reports.add(lane, slot, heldBy(slot, held)) : undefined,
  ]);
  const ends = await all;
  const counters = { ...worker.atEnd(wasOurs(ends[0])), ...freedBy(held) };
  const dealtWith = releases.filter((_, index) => isDealtWith(ends[index]));
  const notes = await Promise.allSettled([
    Object.keys(counters).length > 0 ? ports.reports.add(lane, slot, counters) : undefined,
    lease !== undefined && dealtWith.length > 0 ? ports.leases.settle(lane, lease, dealtWith) : undefined,
  ]);
  return [told, ...ends, ...notes].flatMap((it) => (it.status === 'rejected' ? [it.reason] : []));
}

/** Its lane is told of its start. */
function holding(run: Run): HoldingCall {
  if (run.sentAt !== undefined) run.startedBy = run.sentAt + TRANSIT_MS;
  return { tenant: run.record.tenant, startedBy: run.startedBy };
}

type End = PromiseSettledResult<Awaited<ReturnType<typeof invoke>>> | undefined;

function wasOurs(end: End): boolean {
  if (end?.status === 'rejected') return end.reason instanceof PayloadUnreadableError;
  return end?.value !== undefined && end.value !== 'not ours';
}

/** Nothing of it is owed: what another delivery has claimed, that one deals with. */
function isDealtWith(end: End): boolean {
  return end?.status === 'fulfilled' && end.value === 'ours';
}
