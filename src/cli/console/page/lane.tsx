import { dollars, duration, percent, short } from '../../report/numbers.ts';
import { KEPT_HEAD, keptCell } from '../../report/usage-cells.ts';
import type { PageData } from '../data.ts';
import { ActionButton } from './action.tsx';
import { LaneChart } from './chart.tsx';
import { DataTable } from './table.tsx';

type Lane = PageData['lanes'][number];

export function LaneCard({ lane, page }: { lane: Lane; page: PageData }) {
  const { lane: name, says, remedy, health, state, assumed } = lane;
  return (
    <article class="card" aria-label={`Lane ${name}`}>
      <div class="title">
        <h3>{name}</h3>
        <span class={`badge ${health}`}>{state}</span>
        {page.live && <PauseButton lane={lane} page={page} />}
      </div>
      <p class="says">{says}</p>
      {remedy !== undefined && <p class="remedy">{remedy}</p>}
      {assumed.length > 0 && (
        <p class="remedy">{assumed.map(limitName).join(' and ')} assumed: Service Quotas does not say.</p>
      )}
      <Figures lane={lane} page={page} />
      <LaneChart lane={lane} />
      <div class="columns">
        <Waits lane={lane} />
        <Backlog lane={lane} now={page.at} />
      </div>
    </article>
  );
}

function PauseButton({ lane: { lane, state }, page }: { lane: Lane; page: PageData }) {
  return state === 'paused' ? (
    <ActionButton
      page={page}
      action={{ action: 'resume', lane }}
      label="Resume"
      question={`Release the requests of ${lane} again?`}
    />
  ) : (
    <ActionButton
      page={page}
      action={{ action: 'pause', lane }}
      label="Pause"
      question={`Stop releasing the requests of ${lane}? What has been released still ends. Waiting requests still expire at their deadlines.`}
    />
  );
}

function limitName(limit: string): string {
  return limit.replaceAll('_', ' ');
}

function Figures({ lane, page }: { lane: Lane; page: PageData }) {
  const { utilisation, limits, backlog, drain_ms, minutes, unfinished } = lane;
  const forBudgets = backlog.kept === 0 ? '' : `, ${short(backlog.kept)} requests for budgets`;
  const more = backlog.more ? '> ' : '';
  const cost = minutes.reduce((sum, { cost_usd }) => sum + cost_usd, 0);
  const rpm = limits.requests_per_minute;
  const tpm = limits.tokens_per_minute;
  const quota = [
    ...(rpm === undefined ? [] : [`${short(rpm)} requests`]),
    ...(tpm === undefined ? [] : [`${short(tpm)} tokens`]),
  ];
  return (
    <dl class="figures">
      <Figure name="quota in use" value={utilisation === undefined ? '–' : percent(utilisation, 0)}>
        {quota.length > 0 && `of ${quota.join(' and ')} a minute`}
      </Figure>
      <Figure name="waiting" value={`${more}${short(backlog.requests)}`}>
        {backlog.requests > 0 && `${more}${short(backlog.tokens)} tokens${forBudgets}`}
      </Figure>
      <Figure name="oldest" value={backlog.oldest === undefined ? '–' : duration(page.at - backlog.oldest)}>
        {backlog.requests > 0 &&
          drain_ms !== undefined &&
          `${backlog.kept === 0 ? 'gone' : 'others gone'} in about ${duration(drain_ms)}`}
      </Figure>
      <Figure name="running" value={unfinished === undefined ? '–' : String(unfinished)} />
      <Figure name={page.live ? 'cost, last hour' : 'cost'} value={dollars(cost)}>
        list price
      </Figure>
    </dl>
  );
}

function Figure({ name, value, children }: { name: string; value: string; children?: string | false }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong>
        {children && <small>{children}</small>}
      </dd>
    </div>
  );
}

function Waits({ lane: { lane, priorities } }: { lane: Lane }) {
  if (priorities.length === 0) return null;
  return (
    <DataTable
      of={lane}
      caption="Waits by priority"
      head={['priority', 'completed', 'failed', KEPT_HEAD, 'p50', 'p95']}
      rows={priorities.map(({ name, completed, failed, wait_ms: { p50, p95 }, ...promises }) => [
        name,
        short(completed),
        short(failed),
        keptCell(promises),
        p50 === undefined ? '–' : duration(p50),
        p95 === undefined ? '–' : duration(p95),
      ])}
    />
  );
}

const MOST_LINES = 12;

function Backlog({ lane: { lane, backlog }, now }: { lane: Lane; now: number }) {
  const { lines, unread } = backlog;
  if (lines.length === 0) return null;
  const rest = lines.length - MOST_LINES;
  const others = [
    ...(rest > 0 ? [`${rest} more`] : []),
    ...(unread > 0 ? [`up to ${unread} that were not read`] : []),
  ];
  return (
    <DataTable
      of={lane}
      caption={`Waiting by priority and tenant${others.length > 0 ? ` (and ${others.join(', ')})` : ''}`}
      head={['tenant', 'priority', 'requests', 'tokens', 'oldest']}
      rows={lines
        .slice(0, MOST_LINES)
        .map(({ tenant, priority, requests, tokens, oldest, more }) => [
          tenant,
          String(priority),
          `${more ? '> ' : ''}${short(requests)}`,
          short(Math.round(tokens)),
          duration(now - oldest),
        ])}
    />
  );
}
