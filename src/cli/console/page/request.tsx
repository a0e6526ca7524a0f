import { useEffect, useState } from 'preact/hooks';
import { duration, moment, short } from '../../report/numbers.ts';
import { unknownText } from '../../report/why-text.ts';
import type { Found, PageData } from '../data.ts';
import { ActionButton, refusalOf } from './action.tsx';
import { askRequest } from './ask.ts';
import { DataTable } from './table.tsx';

const EVERY_MS = 2_000;

/** Why a request waits, and what happened to it; looked at again while it is open. */
export function RequestSearch({ page }: { page: PageData }) {
  const [typed, setTyped] = useState('');
  const [id, setId] = useState<string>();
  const [found, setFound] = useState<Found>();
  const [trouble, setTrouble] = useState<string>();

  useEffect(() => {
    if (id === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const look = async () => {
      try {
        const answer = await askRequest(id);
        if (ended) return;
        setFound(answer);
        setTrouble(undefined);
      } catch (error) {
        setTrouble(refusalOf(error));
      }
      if (!ended) timer = setTimeout(look, EVERY_MS);
    };
    void look();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [id]);

  return (
    <section aria-labelledby="request">
      <h2 id="request">Why does a request wait?</h2>
      <form
        class="search"
        onSubmit={(event) => {
          event.preventDefault();
          setFound(undefined);
          setId(typed.trim() || undefined);
        }}
      >
        <label for="request-id">Request id</label>
        <input
          id="request-id"
          value={typed}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit">Look</button>
      </form>
      <div aria-live="polite">
        {trouble !== undefined && <p class="trouble">{trouble}</p>}
        {id !== undefined && found === undefined && trouble === undefined && <p>Looking …</p>}
        {found !== undefined && <Answer found={found} page={page} />}
      </div>
    </section>
  );
}

function Answer({ found, page }: { found: Found; page: PageData }) {
  if (!('history' in found)) {
    return <p class="card">{unknownText(found.request_id)}</p>;
  }
  const { request_id, status, says, remedy, ahead, expected_start, deadline_at, deadline, history } = found;
  const now = page.at;
  return (
    <article class="card" aria-label={`Request ${request_id}`}>
      <div class="title">
        <h3>{request_id}</h3>
        <span class={`badge ${status === 'FAILED' || status === 'EXPIRED' ? 'bad' : 'good'}`}>{status}</span>
        {(status === 'RECEIVED' || status === 'QUEUED') && (
          <ActionButton
            page={page}
            action={{ action: 'cancel', request: request_id }}
            label="Cancel"
            question={`Take ${request_id} back? It ends CANCELLED unless its call has been made.`}
          />
        )}
        {status === 'FAILED' && (
          <ActionButton
            page={page}
            action={{ action: 'retry', request: request_id }}
            label="Retry"
            question={`Run ${request_id} again? An outcome is final: this sends a new request with the same content.`}
          />
        )}
      </div>
      {says.map((line) => (
        <p key={line} class="says">
          {line}
        </p>
      ))}
      {remedy !== undefined && <p class="remedy">{remedy}</p>}
      {expected_start !== undefined && (
        <p>
          Expected to start in <strong>{duration(Math.max(0, expected_start.p50 - now))}</strong> (p50), at
          most {duration(Math.max(0, expected_start.p95 - now))} (p95).
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
