import type { Ahead, Why } from '../../core/operations/why.ts';
import { duration, moment, short } from './numbers.ts';
import { table } from './table.ts';

/** What a person reads about one request. */
export function whyText(why: Why, now = Date.now()): string {
  const { request_id, status, says, remedy, ahead, history } = why;
  return [
    `${request_id}: ${status}`,
    [...says, ...(remedy === undefined ? [] : [remedy])].map((line) => `  ${line}`).join('\n'),
    ahead === undefined ? '' : aheadTable(ahead),
    expectation(why, now),
    history.map(({ at, what }) => `  ${moment(at)}  ${what}`).join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function aheadTable({ tenant, priority, lane }: NonNullable<Why['ahead']>): string {
  const row = (name: string, { requests, tokens, more }: Ahead) => [
    name,
    `${more ? '> ' : ''}${requests}`,
    `${more ? '> ' : ''}${short(Math.round(tokens))}`,
  ];
  return table(
    ['waits with it', 'requests', 'tokens'],
    [
      row('before it, of its tenant and priority', tenant),
      row('of other tenants in its priority', priority),
      row('of all others in the lane', lane),
    ],
  );
}

function expectation({ status, ahead, expected_start, deadline_at, deadline }: Why, now: number): string {
  const lines: string[] = [];
  if (expected_start !== undefined) {
    const { p50, p95 } = expected_start;
    lines.push(
      `Expected to start in ${duration(p50 - now)} (p50), 19 in 20 within ${duration(p95 - now)} (p95).`,
    );
  } else if (status === 'RECEIVED' && ahead !== undefined) {
    lines.push('When it starts cannot be told now.');
  }
  if (deadline_at !== undefined) {
    const verdict = deadline === undefined ? '' : ` (${VERDICTS[deadline]})`;
    lines.push(`It expires at ${moment(deadline_at)}${verdict}.`);
  }
  return lines.join('\n');
}

const VERDICTS: Record<NonNullable<Why['deadline']>, string> = {
  kept: 'it will have started by then',
  'at risk': 'it may not have started by then',
  missed: 'it will not have started by then',
};

/** Why there may be no record, and where to look on. */
export function unknownText(...ids: string[]): string {
  return [
    `There is no record of ${ids.join(', ')}.`,
    'A request without one has not arrived yet (then it is still in the Input queue), was rejected, or its record expired,',
    '14 days after its result. A rejected message has its record under rejected/MESSAGE_ID. If you did not keep the id that SQS',
    'gave the message, the saved query one-request (CloudWatch Logs Insights) finds it by the id of the request.',
  ].join('\n');
}
