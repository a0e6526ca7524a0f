/** Everything that an operator sees of a lane at once: what binds, what waits, the last hour minute by minute, its tenants. */
import type { Clock } from '../clock.ts';
import type { ReportRows } from '../reporting/ports.ts';
import { readRows } from '../reporting/read.ts';
import { minuteOf } from '../reporting/rows.ts';
import { type BacklogPorts, readBacklog, type WaitingLine } from './backlog.ts';
import { chargesBy } from './charges.ts';
import { laneMinutes } from './expected-start.ts';
import { type LaneView, type LaneViewPorts, speedOf, viewLanes } from './lanes.ts';
import { type UsageLine, usageBy } from './usage.ts';

const MINUTE_MS = 60_000;
/** What is shown of the past. */
export const SHOWN_MS = 60 * MINUTE_MS;

export interface OverviewPorts extends LaneViewPorts, BacklogPorts {
  rows: Pick<ReportRows, 'rows'>;
}

export interface MinutePoint {
  /** E.g. `2026-11-22T19:40Z`. */
  minute: string;
  /** Of the requests that arrived. */
  demand: { requests: number; tokens: number };
  /** Of those that ended. */
  used: { requests: number; tokens: number };
  throttles: number;
  cost_usd: number;
}

export interface LaneOverview extends LaneView {
  backlog: { requests: number; tokens: number; more: boolean; oldest?: number; lines: WaitingLine[] };
  /** Milliseconds until the backlog has been released, if nothing more arrives; absent where nothing starts. */
  drain_ms?: number;
  minutes: MinutePoint[];
  priorities: UsageLine[];
  tenants: UsageLine[];
}

export async function viewOverview(ports: OverviewPorts, clock: Pick<Clock, 'now'>): Promise<LaneOverview[]> {
  const lanes = await viewLanes(ports, clock);
  return Promise.all(lanes.map((lane) => overviewOf(ports, lane, clock.now())));
}

async function overviewOf(ports: OverviewPorts, lane: LaneView, now: number): Promise<LaneOverview> {
  const rows = await readRows(ports.rows, lane.lane, now - SHOWN_MS + MINUTE_MS, now);
  const chargeOf = chargesBy(rows);
  const { lines, more } = await readBacklog(ports, lane.lane, chargeOf);
  const requests = lines.reduce((sum, line) => sum + line.requests, 0);
  const tokens = Math.round(lines.reduce((sum, line) => sum + line.tokens, 0));
  const oldest = lines.length === 0 ? undefined : Math.min(...lines.map((line) => line.oldest));
  const speed = speedOf(lane);
  const minutes = laneMinutes({ requests, tokens }, lane.limits);
  return {
    ...lane,
    backlog: { requests, tokens, more: more || lines.some((line) => line.more), oldest, lines },
    drain_ms: speed === 0 || minutes === undefined ? undefined : (minutes * MINUTE_MS) / speed,
    minutes: pointsOf(rows, now),
    priorities: usageBy(rows, 'priority'),
    tenants: usageBy(rows, 'tenant'),
  };
}

/** One for each minute, with or without anything in it. */
function pointsOf(rows: Parameters<typeof usageBy>[0], now: number): MinutePoint[] {
  const byMinute = new Map(usageBy(rows, 'minute').map((line) => [line.name, line]));
  const all = [...byMinute.values()];
  const ended = (line: UsageLine | undefined) =>
    line === undefined ? 0 : line.completed + line.failed + line.expired + line.cancelled;
  const charged = all.reduce((sum, line) => sum + line.charged_tokens, 0);
  const completed = all.reduce((sum, line) => sum + line.completed, 0);
  const charge = completed === 0 ? 0 : charged / completed;
  return Array.from({ length: SHOWN_MS / MINUTE_MS }, (_, index) => {
    const minute = minuteOf(now - SHOWN_MS + (index + 1) * MINUTE_MS);
    const line = byMinute.get(minute);
    const arrived = line?.accepted ?? 0;
    return {
      minute,
      demand: { requests: arrived, tokens: Math.round(arrived * charge) },
      used: { requests: ended(line), tokens: line?.charged_tokens ?? 0 },
      throttles: line?.throttles ?? 0,
      cost_usd: line?.cost_usd ?? 0,
    };
  });
}

/** Counts of a minute that is over change no more: they are read once. For whoever looks again and again. */
export function rememberedRows(
  rows: Pick<ReportRows, 'rows'>,
  clock: Pick<Clock, 'now'>,
): Pick<ReportRows, 'rows'> {
  /** Reporting may lag: its alarm fires at five minutes. */
  const settledMs = 10 * MINUTE_MS;
  const kept = new Map<string, ReturnType<ReportRows['rows']>>();
  return {
    async rows(lane, minute) {
      const name = `${lane}|${minute}`;
      const known = kept.get(name);
      if (known !== undefined) return known;
      const found = await rows.rows(lane, minute);
      if (Date.parse(minute) + settledMs < clock.now()) kept.set(name, Promise.resolve(found));
      for (const old of kept.keys()) {
        if (kept.size <= 10_000) break;
        kept.delete(old);
      }
      return found;
    },
  };
}
