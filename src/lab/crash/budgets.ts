/** A tenant with a budget that does not cover all of its requests, whatever the leader or a worker meets on the way. */
import { spentOf } from '../../core/budgets/account.ts';
import { addSpending, dayOf } from '../../core/lane/budgets.ts';
import type { Outcome } from '../../core/request/record.ts';
import { TOKENS_PER_CALL } from './bedrock.ts';
import type { Pipeline } from './pipeline.ts';
import {
  expecting,
  requestBody,
  SCHEDULE_MS,
  type Scenario,
  send,
  TEN,
  WIDE,
  WITHIN_MS,
} from './scenario.ts';

const TENANT = 'acme';
const TOKENS_PER_DAY = 400;
/** Of a release: about a dozen tokens of input, and max tokens. */
const MOST_RESERVED = 150;
/** Leaders of so many minutes have seen that nothing runs any more, be it because a lease has run out. */
const MINUTES_TO_REST = 3;

export interface ExpectedBudget {
  /** Calls whose worker may die before it reports what they have spent. */
  unreported: number;
}

const EITHER: Outcome[] = ['COMPLETED', 'FAILED'];
const BUDGET: Omit<Scenario, 'function' | 'expected'> = {
  name: 'budget',
  invocation: 0,
  limits: WIDE,
  budgets: { [TENANT]: { tokens_per_day: TOKENS_PER_DAY, at_limit: 'refuse' } },
  async prepare(pipeline) {
    send(pipeline, ...TEN.map((id) => requestBody(id, { tenant: TENANT })));
  },
};

function expected(unreported: number): Scenario['expected'] {
  return {
    ...expecting(TEN, {
      outcomes: Object.fromEntries(TEN.map((id) => [id, EITHER])),
      withinMs: WITHIN_MS + 2 * SCHEDULE_MS,
    }),
    // Which of them the budget covers is not said.
    calls: {},
    budget: { unreported },
  };
}

export const BUDGET_SCENARIOS: readonly Scenario[] = [
  { ...BUDGET, function: 'prioritization', expected: expected(0) },
  // A bundle never has all of them, because the budget does not cover them at once.
  { ...BUDGET, function: 'invocation', expected: expected(Math.floor(TOKENS_PER_DAY / TOKENS_PER_CALL)) },
];

/** Nothing is held for good, no more is spent than the budget allows, and no request is refused while enough is left. */
export async function brokenBudget(pipeline: Pipeline, { unreported }: ExpectedBudget): Promise<string[]> {
  const { clock, ports, cloud, bedrock } = pipeline;
  await clock.run(clock.now() + MINUTES_TO_REST * SCHEDULE_MS);
  const account = await ports.budgets.read(dayOf(clock.now()), TENANT);
  if (account === undefined) return ['nothing was taken of the budget'];
  const broken: string[] = [];
  for (const [lane, { held, spent }] of Object.entries(account.lanes)) {
    const left = addSpending(held, spent, -1);
    if (left.tokens !== 0) broken.push(`${lane} still holds ${left.tokens} tokens of the budget`);
  }
  const called = bedrock.called.length * TOKENS_PER_CALL;
  const most = TOKENS_PER_DAY + unreported * TOKENS_PER_CALL;
  if (called > most) broken.push(`calls of ${called} tokens were made, at most ${most}`);
  const spent = spentOf(account).tokens;
  const isRefused = [...cloud.table.all()].some(({ status }) => status === 'FAILED');
  if (isRefused && spent <= TOKENS_PER_DAY - MOST_RESERVED) {
    broken.push(`requests were refused after ${spent} of ${TOKENS_PER_DAY} tokens`);
  }
  return broken;
}
