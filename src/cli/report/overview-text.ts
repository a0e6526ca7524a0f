import type { BudgetView } from '../../core/operations/budgets.ts';
import type { LaneOverview } from '../../core/operations/overview.ts';
import { budgetsText } from './budgets-text.ts';
import { counted, dollars, duration, moment, percent, short } from './numbers.ts';
import { table } from './table.ts';
import { KEPT_HEAD, keptCell } from './usage-cells.ts';

const BAR_WIDTH = 30;
const BARS = '▁▂▃▄▅▆▇█';

/** Every lane on one screen. */
export function overviewText(
  lanes: readonly LaneOverview[],
  now: number,
  budgets: readonly BudgetView[] = [],
): string {
  const parts = lanes.map((lane) => laneText(lane, now));
  return [
    moment(now),
    ...(parts.length === 0 ? ['No lanes yet: a lane begins with its first request.'] : parts),
    ...(budgets.length === 0 ? [] : [budgetsText(budgets)]),
  ].join('\n\n');
}

function laneText(lane: LaneOverview, now: number): string {
  const { backlog, minutes, drain_ms, says, remedy } = lane;
  const more = backlog.more ? 'more than ' : '';
  const kept =
    backlog.kept === 0 ? '' : `; ${counted(backlog.kept, 'of them waits', 'of them wait')} for budgets`;
  const drains =
    drain_ms === undefined
      ? ''
      : `${backlog.kept === 0 ? ', gone' : '; the others will be gone'} in about ${duration(drain_ms)}`;
  const waits =
    backlog.oldest === undefined
      ? 'nothing waits'
      : `${more}${counted(backlog.requests, 'request')} (${more}${short(backlog.tokens)} tokens), the oldest for ${duration(now - backlog.oldest)}${kept}${drains}`;
  const cost = minutes.reduce((sum, { cost_usd }) => sum + cost_usd, 0);
  return [
    `${lane.lane}  ${lane.state}`,
    `  ${says}`,
    ...(remedy === undefined ? [] : [`  ${remedy}`]),
    `  quota     ${gauge(lane)}`,
    `  backlog   ${waits}`,
    `  last hour ${spark(minutes.map(({ used }) => used.tokens))} tokens a minute; ${dollars(cost)}`,
    ...waitsTable(lane),
  ].join('\n');
}

function gauge({ utilisation, limits }: LaneOverview): string {
  const quota = [
    ...(limits.requests_per_minute === undefined ? [] : [`${short(limits.requests_per_minute)} requests`]),
    ...(limits.tokens_per_minute === undefined ? [] : [`${short(limits.tokens_per_minute)} tokens`]),
  ].join(', ');
  const of = quota === '' ? '' : ` of ${quota} a minute`;
  if (utilisation === undefined) return `not in use${of}`;
  const full = Math.round(Math.min(1, utilisation) * BAR_WIDTH);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${percent(utilisation, 0)}${of}`;
}

function waitsTable({ priorities, backlog }: LaneOverview): string[] {
  const read = backlog.lines.reduce((sum, { requests }) => sum + requests, 0);
  const more = backlog.more || read < backlog.requests ? '> ' : '';
  const names = [
    ...new Set([...priorities.map(({ name }) => name), ...backlog.lines.map((it) => String(it.priority))]),
  ];
  if (names.length === 0) return [];
  const text = table(
    ['  priority', 'waiting', 'completed', 'failed', KEPT_HEAD, 'wait p50', 'p95'],
    names.sort().map((name) => {
      const ended = priorities.find((line) => line.name === name);
      const waiting = backlog.lines.filter((line) => String(line.priority) === name);
      return [
        `  ${name}`,
        `${waiting.length > 0 ? more : ''}${short(waiting.reduce((sum, { requests }) => sum + requests, 0))}`,
        short(ended?.completed ?? 0),
        short(ended?.failed ?? 0),
        ended === undefined ? '–' : keptCell(ended),
        ...[ended?.wait_ms.p50, ended?.wait_ms.p95].map((ms) => (ms === undefined ? '–' : duration(ms))),
      ];
    }),
  );
  return [text];
}

function spark(values: readonly number[]): string {
  const most = Math.max(1, ...values);
  return values.map((value) => BARS[Math.ceil((value / most) * (BARS.length - 1))]).join('');
}
