/** One bundle of releases, run to its end. */
import { freedBy, heldBy } from '../lane/call-counters.ts';
import { HELD_AFTER_MS, slotOf } from '../lane/call-report.ts';
import type { Counters } from '../lane/counters.ts';
import type { HoldMessage } from '../request/hold-message.ts';
import type { RequestRecord } from '../request/record.ts';
import { PayloadUnreadableError } from './errors.ts';
import { invoke } from './invoke.ts';
import type { InvocationPorts } from './outcome.ts';

/** A report names so many tenants whose calls hold a worker, at most. */
const MOST_HOLDERS = 5;

/**
 * Runs the releases concurrently; each ends on its own. A release that was claimed and could not be dealt with is brought back by
 * the bundle's lease, or was set aside already, and not by a redelivery of the message.
 * @param atEnd what to report with the bundle's end, by whether this delivery got its first release: one of several deliveries, and
 * no other, tells that its worker is free
 * @returns what could not be dealt with
 */
export async function runBundle(
  ports: InvocationPorts,
  message: HoldMessage,
  atEnd: (isOurs: boolean) => Counters,
): Promise<unknown[]> {
  const { lane, released_at, releases, lease } = message;
  const slot = slotOf(released_at);
  const running = new Set<RequestRecord>();
  const all = Promise.allSettled(releases.map((release) => invoke(ports, message, release, running)));
  await Promise.race([all, ports.clock.sleep(HELD_AFTER_MS)]);
  const holders = holdersAmong(running);
  const [told] = await Promise.allSettled([
    holders.length > 0 ? ports.reports.add(lane, slot, heldBy(holders)) : undefined,
  ]);
  const ends = await all;
  const counters = { ...atEnd(wasOurs(ends[0])), ...freedBy(holders) };
  const dealtWith = releases.filter((_, index) => isDealtWith(ends[index]));
  const notes = await Promise.allSettled([
    Object.keys(counters).length > 0 ? ports.reports.add(lane, slot, counters) : undefined,
    lease !== undefined && dealtWith.length > 0 ? ports.leases.settle(lane, lease, dealtWith) : undefined,
  ]);
  return [told, ...ends, ...notes].flatMap((it) => (it.status === 'rejected' ? [it.reason] : []));
}

/** Whose calls hold the worker: those who have the most of them, as many as a report has room for. */
function holdersAmong(running: ReadonlySet<RequestRecord>): string[] {
  const calls = new Map<string, number>();
  for (const { tenant } of running) calls.set(tenant, (calls.get(tenant) ?? 0) + 1);
  const most = [...calls].sort(([, a], [, b]) => b - a);
  return most.slice(0, MOST_HOLDERS).map(([tenant]) => tenant);
}

type End = PromiseSettledResult<'ours' | 'not ours'> | undefined;

function wasOurs(end: End): boolean {
  if (end?.status === 'rejected') return end.reason instanceof PayloadUnreadableError;
  return end?.value === 'ours';
}

/** Nothing of it is owed: what another delivery has claimed, that one deals with. */
function isDealtWith(end: End): boolean {
  return end?.status === 'fulfilled' && end.value === 'ours';
}
