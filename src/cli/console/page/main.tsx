import { render } from 'preact';
import { counted, moment } from '../../report/numbers.ts';
import type { PageData } from '../data.ts';
import { Budgets } from './budgets.tsx';
import { DeadLetterTable } from './dead-letters.tsx';
import { LaneCard } from './lane.tsx';
import { useLatest } from './latest.ts';
import { RequestSearch } from './request.tsx';
import style from './style.css';
import { UsageTables } from './usage.tsx';

function LivePage() {
  const { answer, trouble } = useLatest<PageData>('/api/page');
  return <Page page={answer} trouble={trouble} />;
}

function Page({ page, trouble }: { page: PageData | undefined; trouble?: string | undefined }) {
  return (
    <>
      <header>
        <h1>Bedrock Request Smoother</h1>
        {page && <p class="quiet">{subtitle(page)}</p>}
      </header>
      <main>
        {trouble !== undefined && (
          <p class="trouble" role="alert">
            {page && `What you see is of ${moment(page.at)}: `}
            {trouble}
          </p>
        )}
        {page === undefined && trouble === undefined && <p>Looking …</p>}
        {page && <Sections page={page} isOld={trouble !== undefined} />}
      </main>
    </>
  );
}

function subtitle({ region, at, live, range, readOnly }: PageData): string {
  const parts = [
    ...(region === undefined ? [] : [region]),
    live
      ? `as of ${moment(at)}`
      : `from ${moment(range.from)} to ${moment(range.to)}, saved at ${moment(at)}`,
    ...(readOnly ? ['read-only'] : []),
  ];
  return parts.join(' · ');
}

function Sections({ page, isOld }: { page: PageData; isOld: boolean }) {
  const { lanes, live, usage, budgets, deadLetters } = page;
  const verdict = isOld ? 'unknown' : worst(page);
  return (
    <>
      <p class="verdict">
        <span class={`badge ${verdict}`}>{VERDICTS[verdict]}</span> {summary(page)}
      </p>
      <section aria-labelledby="lanes">
        <h2 id="lanes">Lanes</h2>
        {lanes.length === 0 && <p>No lanes yet: a lane begins with its first request.</p>}
        <div class="lanes">
          {lanes.map((lane) => (
            <LaneCard key={lane.lane} lane={lane} page={page} />
          ))}
        </div>
      </section>
      {live && <RequestSearch page={page} />}
      <UsageTables usage={usage} live={live} />
      <Budgets budgets={budgets} />
      <DeadLetterTable deadLetters={deadLetters} page={page} />
    </>
  );
}

type Health = PageData['lanes'][number]['health'];
const VERDICTS: Record<Health | 'unknown', string> = {
  good: 'Healthy',
  attention: 'Needs attention',
  bad: 'In trouble',
  unknown: 'Not known',
};

function worst({ lanes, budgets, deadLetters }: PageData): Health {
  if (lanes.some(({ health }) => health === 'bad')) return 'bad';
  const isAsItShouldBe =
    lanes.every(({ health }) => health === 'good') &&
    budgets.every(({ state }) => state !== 'used up') &&
    deadLetters.every(({ count = 0 }) => count === 0);
  return isAsItShouldBe ? 'good' : 'attention';
}

function summary({ lanes, deadLetters }: PageData): string {
  const waiting = lanes.reduce((sum, { backlog }) => sum + backlog.requests, 0);
  const more = lanes.some(({ backlog }) => backlog.more) ? 'more than ' : '';
  const letters = deadLetters.reduce((sum, { count = 0 }) => sum + count, 0);
  return [
    counted(lanes.length, 'lane'),
    `${more}${counted(waiting, 'request waits', 'requests wait')}`,
    letters === 0 ? 'no dead letters' : counted(letters, 'dead letter'),
  ].join(', ');
}

document.head.append(Object.assign(document.createElement('style'), { textContent: style }));
const frozen: PageData | null = JSON.parse(document.getElementById('data')?.textContent ?? 'null');
const root = document.getElementById('app');
if (root) render(frozen ? <Page page={frozen} /> : <LivePage />, root);
