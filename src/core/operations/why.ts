/** Why a request is where it is: its place, what binds its lane, when it is expected to start, and what happened to it. */
import type { Clock } from '../clock.ts';
import { mayOutlastDay, nextDay } from '../lane/budgets.ts';
import {
  behindFor,
  type ExpectedStart,
  expectedStart,
  type Flow,
  laneMinutes,
  type Weights,
} from '../lane/expected-start.ts';
import type { Settings } from '../lane/ports.ts';
import { weightsIn } from '../lane/priority-weights.ts';
import type { ReportRows } from '../reporting/ports.ts';
import type { BundleLeases } from '../request/bundle-lease.ts';
import type { BacklogEntry, Records } from '../request/ports.ts';
import { isOutcome, type RequestRecord, type StoredRecord } from '../request/record.ts';
import { type BacklogPorts, type ChargeOf, type Line, readBacklog, type WaitingWork } from './backlog.ts';
import { explain } from './bound.ts';
import { type BudgetPorts, isZero, lackOf, limitIn, mayRunOut, viewBudgets } from './budgets.ts';
import { chargesOf } from './charges.ts';
import { type HistoryEvent, historyOf } from './history.ts';
import { type LaneView, type LaneViewPorts, speedOf, viewLane, whereWorkWaits } from './lanes.ts';

export interface WhyPorts extends LaneViewPorts, BacklogPorts {
  records: Pick<Records, 'read'>;
  rows: Pick<ReportRows, 'rows'>;
  settings: Settings;
  budgets: BudgetPorts['budgets'];
  leases: Pick<BundleLeases, 'all'>;
}

export interface Ahead {
  requests: number;
  tokens: number;
  /** There are more than these. */
  more: boolean;
}

export interface Why {
  request_id: string;
  status: StoredRecord['status'];
  /** The answer, in sentences. */
  says: string[];
  /** What would change it. */
  remedy?: string;
  lane?: LaneView;
  priority?: number;
  tenant?: string;
  /** Of a request that waits: what waits before it. */
  ahead?: {
    /** Of its priority and tenant. */
    tenant: Ahead;
    /** Of its priority: these share its part of the quota with it. */
    priority: Ahead;
    /** Everything else that waits in the lane. */
    lane: Ahead;
  };
  /** Epoch milliseconds; absent where it cannot start before somebody does something. */
  expected_start?: ExpectedStart;
  deadline_at?: number;
  /** Measured by the later of the expected starts. */
  deadline?: 'kept' | 'at risk' | 'missed';
  history: HistoryEvent[];
}

/** Undefined: there is no record of it. */
export async function whyOf(
  ports: WhyPorts,
  requestId: string,
  clock: Pick<Clock, 'now'>,
): Promise<Why | undefined> {
  const record = await ports.records.read(requestId);
  if (record === undefined) return undefined;
  const { request_id, status, priority, tenant } = record;
  const history = historyOf(record);
  if (record.status === 'REJECTED' || record.status === 'CANCEL_REQUESTED') {
    return { request_id, status, says: [sayingOf(record)], history };
  }
  const known = { request_id, status, priority, tenant, history };
  if (isOutcome(record.status)) return { ...known, says: [sayingOf(record)] };
  const lane = await viewLane(ports, clock, record.lane, record.model_id);
  const { deadline_at } = record;
  if (record.status !== 'RECEIVED') return { ...known, lane, deadline_at, says: [sayingOf(record)] };
  if (await isReleased(ports, record)) return { ...known, lane, deadline_at, says: [RELEASED] };
  return { ...known, lane, deadline_at, ...(await whyItWaits(ports, record, lane, clock)) };
}

const RELEASED = 'It has been released and waits for a worker, usually for less than a second.';

/** Its lease alone tells, until a worker claims it. */
async function isReleased(
  { leases }: WhyPorts,
  { lane, request_id, generation }: RequestRecord,
): Promise<boolean> {
  const found = await leases.all(lane);
  return found.some(({ releases }) =>
    releases.some((it) => it.request_id === request_id && it.generation === generation + 1),
  );
}

async function whyItWaits(
  ports: WhyPorts,
  record: RequestRecord,
  seen: LaneView,
  clock: Pick<Clock, 'now'>,
): Promise<Pick<Why, 'lane' | 'says' | 'remedy' | 'ahead' | 'expected_start' | 'deadline'>> {
  const now = clock.now();
  const chargeOf = await chargesOf(ports.rows, record.lane, now);
  const [waiting, settings, budgets] = await Promise.all([
    readBacklog(ports, record.lane, chargeOf, record),
    ports.settings.read(),
    viewBudgets(ports, clock),
  ]);
  const ahead = aheadOf(record, waiting, chargeOf);
  const place = placeSaid(ahead);
  const lack = lackOf(budgets, record.tenant, record.lane);
  const lane = lack === undefined ? whereWorkWaits(seen, record.accepted_at, clock) : seen;
  const from = startOf(record, ahead.tenant, waiting, lane, weightsIn(settings), chargeOf);
  const usedUp = lack?.lacks === 'used_up' ? lack : undefined;
  const begin = usedUp === undefined ? now : nextDay(usedUp.day);
  const refused = usedUp?.at_limit === 'refuse' || (usedUp !== undefined && isZero(usedUp));
  const rests = lane.resting?.includes(record.tenant) ?? false;
  const { requests, tokens } = ahead.tenant;
  const needed = { requests: requests + 1, tokens: tokens + chargeOf(record) };
  const runsOut =
    lack === undefined
      ? mayRunOut(budgets, record.tenant, needed.tokens)
      : usedUp !== undefined && mayOutlastDay(limitIn(usedUp), needed);
  const isKnown = from !== undefined && !refused && !rests && !runsOut;
  const expected = isKnown ? { p50: begin + from.p50, p95: begin + from.p95 } : undefined;
  const why = () => {
    // It waits, whatever the leader last saw.
    const { says, remedy } = explain(lane, 'work');
    const ofLane = `${lane.lane}: ${says}`;
    const ofTenant = lack ? lackSaid(lack, runsOut) : rests ? [restSaid(record.tenant)] : undefined;
    if (ofTenant !== undefined) {
      // What is done about the tenant alone starts nothing in a lane that stands still.
      if (speedOf(lane) === 0) return { says: [...ofTenant, place, ofLane], remedy };
      return { says: [...ofTenant, place], remedy: lack ? RAISE_BUDGET : LOOK_AT_FAILED };
    }
    const turn = [`It waits its turn: ${place}`, ofLane];
    return runsOut
      ? { says: [...turn, mayRunOutSaid(record.tenant)], remedy: RAISE_BUDGET }
      : { says: turn, remedy };
  };
  return {
    lane,
    ...why(),
    ahead,
    expected_start: expected,
    deadline: expected && deadlineBy(record.deadline_at, expected),
  };
}

const RAISE_BUDGET = 'Raise its budget in the variable tenant_budgets: that acts within a minute';

const LOOK_AT_FAILED =
  'Look at the errors in the results of its tenant, and change what these requests ask for';

function restSaid(tenant: string): string {
  return `Calls of ${tenant} fail while those of others are answered: they rest, and one of them tries again every few seconds.`;
}

function mayRunOutSaid(tenant: string): string {
  return `The budget of ${tenant} for today may be used up before its turn: no time can be given.`;
}

function lackSaid(lack: NonNullable<ReturnType<typeof lackOf>>, runsOut: boolean): string[] {
  const { tenant, day, lacks, at_limit } = lack;
  if (lacks === 'reserved') {
    return [`What is left of the budget of ${tenant} is held for calls that run: it goes on as they end.`];
  }
  if (at_limit === 'refuse') return [`Its tenant's budget for ${day} is used up. It will be refused.`];
  if (isZero(lack)) return [`The budget of ${tenant} is zero: its requests wait for as long as it is.`];
  return [
    `Its tenant's budget for ${day} is used up. It continues at 00:00 UTC.`,
    ...(runsOut ? ['What is before it may use up the budget of that day, too: no time can be given.'] : []),
  ];
}

function aheadOf(record: RequestRecord, { lines, entries, unread }: WaitingWork, chargeOf: ChargeOf) {
  const isOwnLine = (it: Pick<BacklogEntry, 'priority' | 'tenant'>) =>
    it.priority === record.priority && it.tenant === record.tenant;
  const before = entries.filter(
    (it) =>
      isOwnLine(it) && it.request_id !== record.request_id && it.backlog_order < (record.backlog_order ?? 0),
  );
  const others = lines.filter((line) => !isOwnLine(line));
  const tenant: Ahead = {
    requests: before.length,
    tokens: before.reduce((sum, it) => sum + chargeOf(it), 0),
    // A line that was read up to the limit may hold more of these, unless the request itself was among those read.
    more:
      lines.some((line) => isOwnLine(line) && line.more) &&
      !entries.some(({ request_id }) => request_id === record.request_id),
  };
  const isInPriority = ({ priority }: Line) => priority === record.priority;
  return {
    tenant,
    priority: sumOf(others.filter(isInPriority), unread.some(isInPriority)),
    lane: sumOf(others, unread.length > 0),
  };
}

function sumOf(lines: WaitingWork['lines'], more: boolean): Ahead {
  return {
    requests: lines.reduce((sum, it) => sum + it.requests, 0),
    tokens: lines.reduce((sum, it) => sum + it.tokens, 0),
    more: more || lines.some((line) => line.more),
  };
}

function startOf(
  record: RequestRecord,
  before: Ahead,
  { lines, unread }: WaitingWork,
  lane: LaneView,
  weights: Weights,
  chargeOf: ChargeOf,
): ExpectedStart | undefined {
  const speed = speedOf(lane);
  const flowOf = ({ priority, tenant, requests, tokens, more }: WaitingWork['lines'][number]): Flow => ({
    priority,
    tenant,
    minutes: more ? Number.POSITIVE_INFINITY : (laneMinutes({ requests, tokens }, lane.limits) ?? 0),
  });
  const minutes = laneMinutes(
    { requests: before.requests + 1, tokens: before.tokens + chargeOf(record) },
    lane.limits,
  );
  if (speed === 0 || minutes === undefined || before.more) return undefined;
  const shares = ({ priority, tenant }: Line) =>
    (priority !== record.priority || tenant !== record.tenant) && !lane.kept?.includes(tenant);
  // Of what was not read it is not known how much it is.
  const others: Flow[] = [
    ...lines.filter(shares).map(flowOf),
    ...unread.filter(shares).map((line) => ({ ...line, minutes: Number.POSITIVE_INFINITY })),
  ];
  // The first in an idle lane does not wait for a minute's quota to flow in.
  const isAlone = before.requests === 0 && others.length === 0 && lane.bound === undefined;
  return expectedStart(
    { priority: record.priority, tenant: record.tenant, minutes: isAlone ? 0 : minutes },
    others,
    weights,
    { speed, startMs: lane.start_ms, behindMs: behindFor(record.priority, before.requests, lane.behind_ms) },
  );
}

function deadlineBy(deadline: number, { p50, p95 }: ExpectedStart): NonNullable<Why['deadline']> {
  if (p95 <= deadline) return 'kept';
  return p50 <= deadline ? 'at risk' : 'missed';
}

function placeSaid({ tenant, lane }: NonNullable<Why['ahead']>): string {
  const count = ({ requests, more }: Ahead) => `${more ? 'more than ' : ''}${requests}`;
  const own =
    tenant.requests === 0 ? 'it is the next of its tenant and priority' : `${count(tenant)} before it`;
  return `${own}, and ${count(lane)} of other tenants or priorities share the lane with it.`;
}

/** What its status means, in a sentence. */
function sayingOf(record: StoredRecord): string {
  const why = record.error === undefined ? '' : `: ${record.error.type}: ${record.error.message}`;
  switch (record.status) {
    case 'QUEUED':
      return RELEASED;
    case 'IN_PROGRESS':
      return 'Bedrock is being called.';
    case 'COMPLETED':
      return 'It has been answered.';
    case 'CANCEL_REQUESTED':
      return 'It was cancelled before it arrived: it will end CANCELLED when it does.';
    default:
      return `It ended ${record.status}${why}`;
  }
}
