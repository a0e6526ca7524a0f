import type { DeadLetters, PageData } from '../data.ts';
import { ActionButton } from './action.tsx';

const QUEUES: Record<DeadLetters['queue'], { is: string; question: string }> = {
  input: {
    is: 'requests that ingestion failed on five times',
    question: 'Send these messages back to the Input queue? Fix the cause first: it is in ingestion’s log.',
  },
  hold: {
    is: 'releases that no worker could take; their requests went back to the backlog',
    question: 'Send these releases back? It does no harm: they are refused by their generation.',
  },
  batches: {
    is: 'batch files that stand still',
    question: 'Go on with these batch files? What has been done already is not done again.',
  },
  reporting: {
    is: 'changes that could not be counted; requests and results are not affected',
    question: 'Count these changes from the Requests table? This reads the whole table.',
  },
};

export function DeadLetterTable({
  deadLetters,
  page,
}: {
  deadLetters: readonly DeadLetters[];
  page: PageData;
}) {
  return (
    <section aria-labelledby="dead-letters">
      <h2 id="dead-letters">Dead letters</h2>
      <ul class="letters">
        {deadLetters.map(({ queue, count }) => (
          <li key={queue} tabIndex={-1}>
            <strong>
              {queue}: {count === undefined ? 'not known' : count}
            </strong>
            <span class="quiet"> {QUEUES[queue].is}</span>
            {count === undefined && <span class="quiet"> (this needs sqs:GetQueueAttributes)</span>}
            {page.live && (
              <ActionButton
                page={page}
                offered={count !== undefined && count > 0}
                action={{ action: 'redrive', queue }}
                label="Redrive"
                question={QUEUES[queue].question}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
