/** One round of releases: who is next, whether it may go, and what stops the others. */
import type { BacklogEntry } from '../../request/ports.ts';
import { PRIORITIES } from '../../request/record.ts';
import { slotOf } from '../call-report.ts';
import type { Limits } from '../catalog/limits.ts';
import type { AdaptiveShare } from './adaptive-share.ts';
import type { RoundEnd } from './binding.ts';
import type { Breaker } from './breaker.ts';
import { type BundlePacer, keptForUrgent } from './bundles.ts';
import type { DeniedModels } from './denied-models.ts';
import type { FairQueues } from './fair-queues.ts';
import { bindingShare, type Headroom } from './headroom.ts';
import { type Ledger, WINDOW_MS } from './ledger.ts';
import { type Pacing, pacedTokens } from './pacing.ts';
import type { RecentTenants } from './recent-tenants.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { Sizing } from './sizing.ts';
import type { Decisions, TickInput } from './tick.ts';
import type { UrgentDemand } from './urgent-demand.ts';

/**
 * A request that does not fit lets others past for as long as the lane would need to serve it. Where urgent work must be stopped for
 * it, for longer: by so many times as much where all of it must.
 */
const LONGER_BESIDE_URGENT = 4;

/** What the engine remembers from round to round: each says whether a release may go, or notes that it went. */
export interface RoundParts {
  ledger: Ledger;
  queues: FairQueues;
  adaptiveShare: AdaptiveShare;
  breaker: Breaker;
  deniedModels: DeniedModels;
  pacing: Pacing;
  urgentDemand: UrgentDemand;
  retries: RetryBudget;
  bundlePacer: BundlePacer;
  recentTenants: RecentTenants;
}

/** What is known once a tick has taken in its reports. */
export interface Round {
  input: TickInput;
  /** Ours to use of the limits. */
  limits: Limits;
  headroom: Headroom;
  /** Urgent work goes before all others. */
  urgentFirst: boolean;
  /** How far pacing looks ahead. */
  aheadMs: number;
  /** How long a call takes from its release. */
  runMs: number;
  /** Minutes of quota that may be released and unfinished. */
  minutesToProcess: number;
  sizeOf(entry: BacklogEntry): Sizing;
}

/**
 * Releases what is waiting in the queues.
 * @param allowed so many at most
 * @param decisions what is released is added to it, and what is found to be larger than the quota
 * @returns what stopped the round
 */
export function releaseRound(
  parts: RoundParts,
  round: Round,
  allowed: number,
  decisions: Decisions,
): RoundEnd {
  const { ledger, queues, adaptiveShare, breaker, deniedModels, pacing, urgentDemand } = parts;
  const { retries, bundlePacer, recentTenants } = parts;
  const { input, limits, headroom, urgentFirst, aheadMs, runMs, minutesToProcess, sizeOf } = round;
  const { now } = input;
  const unfinished = ledger.unfinished(now);
  const room = roomFor(limits, unfinished.releases, minutesToProcess);
  const { tenants } = queues;
  recentTenants.note(now, tenants);
  const holders = ledger.holders(now);
  const leastHeld = [...tenants].reduce(
    (least, it) => Math.min(least, holders.get(it) ?? 0),
    Number.POSITIVE_INFINITY,
  );
  const { workers, rivals } = input;
  const bundles = bundlePacer.begin(now, {
    ...{ workers, rivals, taken: unfinished.bundles, runMs },
    ...{ holders, leastHeld, shared: recentTenants.areSeveral(now) },
  });
  const noWorker = input.workersSetting ?? 'max_concurrent_executions';
  let someAreKept = false;
  for (let end: RoundEnd = 'nothing waits'; ; ) {
    const entry = queues.next();
    if (entry === undefined) return end;
    if (decisions.releases.length >= allowed) return 'stopped';
    const urgent = entry.priority === PRIORITIES[0];
    if (decisions.releases.length >= room[urgent ? 'urgent' : 'others']) return 'minutes_to_process';
    const stopsAll = !urgent && queues.letsPast === 'nobody';
    if (!urgent && !stopsAll && !pacing.allows()) {
      if (!urgentFirst) return 'quota';
      end = 'quota';
      queues.passOthers();
      continue;
    }
    if (bundles.isKeptFrom(entry)) {
      someAreKept = true;
      end = noWorker;
      queues.drop();
      continue;
    }
    if (!bundles.admits(entry)) {
      // What some are kept from is not made up for: the others would have it alone.
      if (!someAreKept) pacing.waitForWorker(now, decisions.releases.length);
      return noWorker;
    }
    if (entry.failures > 0 && !retries.allows()) {
      queues.drop();
      continue;
    }
    const size = sizeOf(entry);
    if (size.least > certainTokens(input)) {
      decisions.oversized.push({ ...size, entry });
      queues.drop();
      continue;
    }
    if (input.budgets?.admits(entry, size) === false) {
      queues.drop();
      continue;
    }
    // What room has gathered for need not leave any once nothing but urgent work counts that came meanwhile.
    const isAlone = queues.letsPast !== 'others' && headroom.holds(queues.urgentSince);
    const fits = headroom.fits(size) && (urgent || isAlone || headroom.leavesRoom(size));
    const { trials } = adaptiveShare;
    const tries = !fits && urgent && trials.allows() && headroom.fits(size, input.limits);
    if (!fits && !tries) {
      end = 'quota';
      const { tokens_per_minute: minute = Number.POSITIVE_INFINITY } = limits;
      const longer = 1 + LONGER_BESIDE_URGENT * headroom.stopsOfUrgent(size);
      const waitMs = longer * WINDOW_MS * bindingShare({ requests: 1, tokens: size.held }, limits);
      const lets = queues.skip(now, waitMs, minute - size.held);
      if (lets === undefined || lets === 'nobody' || (lets === 'urgent' && !urgentFirst)) return 'quota';
      if (lets === 'urgent') queues.passOthers();
      continue;
    }
    if (tries) trials.spend(now, slotOf(now));
    if (entry.failures > 0) retries.spend();
    const { reserved, held, variance, charge: expected } = size;
    if (!urgent) {
      const tokens = pacedTokens(size, runMs, aheadMs);
      pacing.spend({ requests: 1, tokens, charges: expected });
    }
    queues.serve(size.cost);
    headroom.take(size);
    input.budgets?.took(entry, size);
    if (urgent) urgentDemand.add(size);
    const before = bundles.count;
    const bundle = bundles.add(entry);
    const opened = bundles.count - before;
    ledger.release(slotOf(now), { releases: 1, bundles: opened, reserved, held, variance, expected });
    const probesModel = deniedModels.released(now, slotOf(now), entry.model_id);
    const probe = breaker.released(now, slotOf(now), entry.tenant) || probesModel;
    decisions.releases.push({ ...size, entry, bundle, probe });
  }
}

/** How many more may be released and unfinished: some places are kept for urgent ones. */
function roomFor(
  { requests_per_minute: rate = Number.POSITIVE_INFINITY }: Limits,
  unfinished: number,
  minutesToProcess: number,
) {
  const most = Math.ceil(rate * minutesToProcess);
  const left = most - unfinished;
  return { urgent: left, others: Number.isFinite(most) ? left - keptForUrgent(most) : left };
}

/** The tokens a minute of which it is certain that Bedrock admits no more. */
function certainTokens({ limits, assumed }: TickInput): number {
  const known = assumed?.includes('tokens_per_minute') ? undefined : limits.tokens_per_minute;
  return known ?? Number.POSITIVE_INFINITY;
}
