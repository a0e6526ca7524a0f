/** Everything that an operator sees of a lane at once: what binds, what waits, the last hour minute by minute, its tenants. */
import type { Clock } from '../clock.ts';
import { firstAnswerCharge } from '../lane/expected-charge.ts';
import { laneMinutes } from '../lane/expected-start.ts';
import type { ReportRow, ReportRows } from '../reporting/ports.ts';
import { minutesIn, readRows, summarise } from '../reporting/read.ts';
import { type BacklogPorts, readBacklog, type WaitingLine } from './backlog.ts';
import { explain } from './bound.ts';
import { chargesBy } from './charges.ts';
import { type LaneView, type LaneViewPorts, speedOf, viewLanes, whereWorkWaits } from './lanes.ts';
import type { Interval } from './ports.ts';
import { type COUNTERS, type UsageLine, usageBy, usageOf } from './usage.ts';

const MINUTE_MS = 60_000;
/** What is shown of the past, unless a range is given. */
const SHOWN_MS = 60 * MINUTE_MS;
/** A chart has no more points than a screen can show. */
const MOST_POINTS = 180;
/** Minutes of a point. */
const STEPS = [1, 5, 15, 60, 360, 1_440];

export interface OverviewPorts extends LaneViewPorts, BacklogPorts {
  rows: Pick<ReportRows, 'rows'>;
}

/** A minute, or in longer ranges the average minute of some. */
export interface MinutePoint {
  /** E.g. `2026-11-22T19:40Z`, the first of them. */
  minute: string;
  /** Of the requests that arrived; in tokens, as if each were charged what those that were answered are. */
  demand: { requests: number; tokens: number };
  /** Of those that ended. */
  used: { requests: number; tokens: number };
  throttles: number;
  /** Of all these minutes. */
  cost_usd: number;
}

export interface LaneOverview extends LaneView {
  backlog: {
    requests: number;
    tokens: number;
    more: boolean;
    /** Of these requests, those that wait for the budgets of their tenants. */
    kept: number;
    oldest?: number;
    lines: WaitingLine[];
    /** Further lines, of which nothing was read: some of them may be empty. */
    unread: number;
  };
  /** Milliseconds until the backlog has been released, if nothing more arrives; absent where nothing starts. */
  drain_ms?: number;
  minutes: MinutePoint[];
  priorities: UsageLine[];
  tenants: UsageLine[];
}

export async function viewOverview(
  ports: OverviewPorts,
  clock: Pick<Clock, 'now'>,
  range: Interval = { from: clock.now() - SHOWN_MS, to: clock.now() },
): Promise<LaneOverview[]> {
  const lanes = await viewLanes(ports, clock);
  return Promise.all(lanes.map((lane) => overviewOf(ports, lane, range, clock)));
}

async function overviewOf(
  ports: OverviewPorts,
  seen: LaneView,
  range: Interval,
  clock: Pick<Clock, 'now'>,
): Promise<LaneOverview> {
  const rows = await readRows(ports.rows, seen.lane, range.from, range.to);
  const chargeOf = chargesBy(seen.lane, rows);
  const { lines, unread } = await readBacklog(ports, seen.lane, chargeOf);
  const isKept = ({ tenant }: WaitingLine) => seen.kept?.includes(tenant) ?? false;
  const lane = whereWorkWaits(seen, oldestOf(lines.filter((line) => !isKept(line))), clock);
  const isCut = unread.length > 0 || lines.some((line) => line.more);
  const read = sumOf(lines);
  const kept = sumOf(lines.filter(isKept));
  // Of what is too long to be read, the leader knows how much it is.
  const isCounted = isCut && (lane.waits?.requests ?? 0) > read.requests;
  const { requests, tokens } = isCounted && lane.waits !== undefined ? lane.waits : read;
  const moving = { requests: requests - kept.requests, tokens: tokens - kept.tokens };
  const oldest = oldestOf(lines);
  const speed = speedOf(lane);
  const minutes = laneMinutes(moving, lane.limits);
  const waits = moving.requests > 0 ? 'work' : requests > 0 ? 'budgets' : 'nothing';
  const isStuck = speed === 0 || (requests > 0 && moving.requests === 0);
  return {
    ...lane,
    // The leader's word about what waits may be older than the backlog that is shown with it.
    ...explain(lane, waits),
    backlog: {
      ...{ requests, tokens, kept: kept.requests, oldest, lines, unread: unread.length },
      more: isCut && !isCounted,
    },
    drain_ms: isStuck || minutes === undefined ? undefined : (minutes * MINUTE_MS) / speed,
    minutes: pointsOf(rows, range, requests === 0 ? firstAnswerCharge(seen.lane) : tokens / requests),
    priorities: usageBy(rows, 'priority'),
    tenants: usageBy(rows, 'tenant'),
  };
}

function oldestOf(lines: readonly WaitingLine[]): number | undefined {
  return lines.length === 0 ? undefined : Math.min(...lines.map(({ oldest }) => oldest));
}

function sumOf(lines: readonly WaitingLine[]): { requests: number; tokens: number } {
  return {
    requests: lines.reduce((sum, line) => sum + line.requests, 0),
    tokens: Math.round(lines.reduce((sum, line) => sum + line.tokens, 0)),
  };
}

/**
 * One for each minute or step, with or without anything in it.
 * @param expected what a request is expected to be charged, before any has been answered
 */
function pointsOf(rows: readonly ReportRow[], { from, to }: Interval, expected: number): MinutePoint[] {
  const all = usageOf(rows);
  const charge = all.completed === 0 ? expected : all.charged_tokens / all.completed;
  const minutes = minutesIn(from, to);
  const { length } = minutes;
  const step = STEPS.find((it) => length / it <= MOST_POINTS) ?? Math.ceil(length / MOST_POINTS);
  const firstOf = new Map(minutes.map((minute, index) => [minute, minutes[index - (index % step)]]));
  const byFirst = summarise(rows, ({ minute }) => firstOf.get(minute) ?? '');
  return [...new Set(firstOf.values())].map((minute = '', index) => {
    // The last point may have fewer minutes than the others.
    const held = Math.min(step, length - index * step);
    const { counters = {}, cost_usd = 0 } = byFirst.get(minute) ?? {};
    const { accepted = 0, completed = 0, failed = 0, expired = 0, cancelled = 0 } = counters as Counted;
    const ended = completed + failed + expired + cancelled;
    return {
      minute,
      demand: { requests: accepted / held, tokens: Math.round((accepted * charge) / held) },
      used: { requests: ended / held, tokens: Math.round((counters.charged_tokens ?? 0) / held) },
      throttles: (counters.throttles ?? 0) / held,
      cost_usd,
    };
  });
}

type Counted = Partial<Record<(typeof COUNTERS)[number], number>>;

/**
 * For readers who look again and again: the counts of a minute that is over hardly change any more, so they are read again only
 * after some minutes.
 */
export function rememberedRows(
  rows: Pick<ReportRows, 'rows'>,
  clock: Pick<Clock, 'now'>,
): Pick<ReportRows, 'rows'> & { forget(): void } {
  /** Reporting may lag: its alarm fires at five minutes. Where it lags for longer, or is redriven, what is kept is old. */
  const settledMs = 10 * MINUTE_MS;
  const keptMs = 5 * MINUTE_MS;
  const kept = new Map<string, { found: ReportRow[]; until: number }>();
  return {
    async rows(lane, minute, part = '') {
      const name = `${lane}|${minute}|${part}`;
      const known = kept.get(name);
      if (known !== undefined && clock.now() < known.until) return known.found;
      const found = await rows.rows(lane, minute, part);
      kept.delete(name);
      if (Date.parse(minute) + settledMs < clock.now())
        kept.set(name, { found, until: clock.now() + keptMs });
      for (const old of kept.keys()) {
        if (kept.size <= 10_000) break;
        kept.delete(old);
      }
      return found;
    },
    forget: () => kept.clear(),
  };
}
