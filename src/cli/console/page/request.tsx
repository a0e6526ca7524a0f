import { useState } from 'preact/hooks';
import { duration, moment, short } from '../../report/numbers.ts';
import { unknownText } from '../../report/why-text.ts';
import type { Found, PageData } from '../data.ts';
import { ActionButton } from './action.tsx';
import { useLatest } from './latest.ts';
import { DataTable } from './table.tsx';

/** More than any id has: what is pasted is refused in words rather than cut to an id that nobody has. */
const MOST_CHARACTERS = 1_024;

export function RequestSearch({ page }: { page: PageData }) {
  const [typed, setTyped] = useState('');
  const [id, setId] = useState('');

  return (
    <section aria-labelledby="request">
      <h2 id="request">Why does a request wait?</h2>
      <form
        class="search"
        onSubmit={(event) => {
          event.preventDefault();
          setId(typed.trim());
        }}
      >
        <label for="request-id">Request id</label>
        <input
          id="request-id"
          value={typed}
          maxLength={MOST_CHARACTERS}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit">Look</button>
      </form>
      <div aria-live="polite">{id !== '' && <Sought key={id} id={id} page={page} />}</div>
    </section>
  );
}

/** Why a request waits, and what happened to it; looked at again while it is open. */
function Sought({ id, page }: { id: string; page: PageData }) {
  const { answer, trouble } = useLatest<Found>(`/api/request?id=${encodeURIComponent(id)}`);
  return (
    <>
      {trouble !== undefined && <p class="trouble">{trouble}</p>}
      {answer === undefined && trouble === undefined && <p>Looking …</p>}
      {answer && <Answer found={answer} page={page} />}
    </>
  );
}

function Answer({ found, page }: { found: Found; page: PageData }) {
  if (!('history' in found)) {
    return <p class="card">{unknownText(found.request_id)}</p>;
  }
  const { request_id, status, says, remedy, ahead, expected_start, deadline_at, deadline, history } = found;
  const now = page.at;
  return (
    <article class="card" aria-label={`Request ${request_id}`} tabIndex={-1}>
      <div class="title">
        <h3>{request_id}</h3>
        <span class={`badge ${status === 'FAILED' || status === 'EXPIRED' ? 'bad' : 'good'}`}>{status}</span>
        <ActionButton
          page={page}
          offered={status === 'RECEIVED' || status === 'QUEUED'}
          action={{ action: 'cancel', request: request_id }}
          label="Cancel"
          question={`Take ${request_id} back? It ends CANCELLED unless its call has been made.`}
        />
        <ActionButton
          page={page}
          offered={status === 'FAILED'}
          action={{ action: 'retry', request: request_id }}
          label="Retry"
          question={`Run ${request_id} again? An outcome is final: this sends a new request with the same content.`}
        />
      </div>
      {says.map((line) => (
        <p key={line} class="says">
          {line}
        </p>
      ))}
      {remedy !== undefined && <p class="remedy">{remedy}</p>}
      {expected_start !== undefined && (
        <p>
          Expected to start in <strong>{duration(expected_start.p50 - now)}</strong> (p50), 19 in 20 within{' '}
          {duration(expected_start.p95 - now)} (p95).
        </p>
      )}
      {deadline_at !== undefined && (
        <p>
          It expires at {moment(deadline_at)}
          {deadline === 'at risk' && ', and may not have started by then'}
          {deadline === 'missed' && ', and will not have started by then'}.
        </p>
      )}
      <div class="columns">
        {ahead !== undefined && (
          <DataTable
            caption="What waits with it"
            head={['', 'requests', 'tokens']}
            rows={(
              [
                ['before it, of its tenant and priority', ahead.tenant],
                ['of other tenants in its priority', ahead.priority],
                ['of all others in the lane', ahead.lane],
              ] as const
            ).map(([name, { requests, tokens, more }]) => [
              name,
              `${more ? '> ' : ''}${requests}`,
              short(Math.round(tokens)),
            ])}
          />
        )}
        <DataTable
          text
          caption="What happened to it"
          head={['time', 'event']}
          rows={history.map(({ at, what }) => [moment(at), what])}
        />
      </div>
    </article>
  );
}
