/** What keeps a lane's work waiting now, in words, and the one change that would lift it. */
import type { Limits } from '../lane/catalog/limits.ts';
import type { LaneFigures, Pause, Paused, SettingThatBinds } from '../lane/ports.ts';

export type Bound =
  | { by: 'operator'; pause: Pause }
  | { by: Exclude<Paused, 'operator'> }
  /** Prioritization does not run: nobody leads the lane. */
  | { by: 'no_leader' }
  /** Somebody else uses this part of the limits, as far as throttles tell. */
  | { by: 'foreign_use'; part: number }
  | { by: SettingThatBinds; factor?: number; value?: number }
  | { by: keyof Limits; limit?: number };

export interface Explanation {
  /** One or two sentences. */
  says: string;
  /** What to do about it; absent where nothing is to be done. */
  remedy?: string;
}

/** `good`: as it should be, which a lane that uses all of its quota is. */
export type Health = 'good' | 'attention' | 'bad';

/** Others are said to use the quota when they use this part of it; less may be an error of our own estimates. */
const LEAST_FOREIGN_PART = 0.05;

/** The lane does not record where a limit of zero comes from, and AWS can raise only one of the two. */
export const NO_QUOTA = {
  says: 'The quota is zero, in the variable quota_overrides or at AWS.',
  remedy: 'Look at quota_overrides first, then ask AWS for a quota',
};

/** Undefined: nothing keeps work waiting. */
export function boundOf(
  pause: Pause | undefined,
  { limits = {}, figures }: { limits?: Limits; figures?: LaneFigures },
): Bound | undefined {
  if (pause !== undefined) return { by: 'operator', pause };
  const { paused, binds, share = 1 } = figures ?? {};
  // A leader that has left since then may have noted an operator's pause that no longer holds.
  if (paused !== undefined && paused !== 'operator') return { by: paused };
  if (binds === undefined) return undefined;
  switch (binds.by) {
    case 'requests_per_minute':
    case 'tokens_per_minute':
      return 1 - share >= LEAST_FOREIGN_PART
        ? { by: 'foreign_use', part: 1 - share }
        : { by: binds.by, limit: limits[binds.by] };
    default:
      return { ...binds, by: binds.by };
  }
}

export function healthOf(bound: Bound | undefined): Health {
  switch (bound?.by) {
    case undefined:
    case 'requests_per_minute':
    case 'tokens_per_minute':
      return 'good';
    case 'no_leader':
    case 'no_quota':
    case 'daily_quota':
    case 'denied':
    case 'failing':
      return 'bad';
    default:
      return 'attention';
  }
}

/** What binds in a word or two, for tables. */
export const BOUND_LABELS: Record<Bound['by'], string> = {
  operator: 'paused',
  no_leader: 'no leader',
  failing: 'Bedrock fails',
  denied: 'no access',
  daily_quota: 'daily quota',
  no_quota: 'no quota',
  foreign_use: 'foreign use',
  max_concurrent_executions: 'workers',
  queue_depth_threshold: 'threshold',
  minutes_to_process: 'minutes',
  requests_per_minute: 'requests',
  tokens_per_minute: 'tokens',
};

/** Numbers of thousands and more are easier to read with separators; the same in every locale. */
const NUMBER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** What waits in a lane: nothing, only what budgets of tenants keep back, or other work too. */
export type Waiting = 'nothing' | 'budgets' | 'work';

const UNBOUND: Record<Waiting, string> = {
  nothing: 'Nothing keeps work waiting.',
  budgets: 'Only budgets of tenants keep work waiting.',
  work: 'Nothing binds: what waits is being released.',
};

/** The sentence about a lane, and what would let more through. */
export function explain(
  { lane, bound, limits }: { lane: string; bound?: Bound; limits: Limits },
  waiting: Waiting,
): Explanation {
  if (bound === undefined) return { says: UNBOUND[waiting] };
  switch (bound.by) {
    case 'operator':
      return {
        says: `Paused${pausedBy(bound.pause)}.`,
        remedy: `Release its requests again: smoother resume ${lane}`,
      };
    case 'no_leader':
      return {
        says: 'Requests wait, and prioritization does not run: nothing is released.',
        remedy:
          "Look at the prioritization function's log and at its schedule in EventBridge: it must be enabled (and at the clock of this machine, if it differs from AWS's by a minute or more)",
      };
    case 'failing':
      return {
        says: 'Calls to Bedrock fail. The smoother sends one probe at a time and goes on by itself when one succeeds.',
        remedy: 'If it lasts, look at the AWS Health Dashboard for Amazon Bedrock',
      };
    case 'denied':
      return {
        says: 'Bedrock denies access to the model.',
        remedy: 'Give the account access to the model in the Bedrock console, and check the invocation role',
      };
    case 'daily_quota':
      return {
        says: 'The tokens that the account may use in a day are used up. One probe at a time finds out when they are not.',
        remedy: 'Ask AWS for more tokens a day (Service Quotas), or wait for the next day',
      };
    case 'no_quota':
      return {
        says: NO_QUOTA.says,
        remedy: `${NO_QUOTA.remedy}: smoother quota-case ${lane} writes the case`,
      };
    case 'foreign_use':
      return {
        says: `Somebody else uses about ${Math.round(bound.part * 100)} % of the quota (${partOf(limits, bound.part)}).`,
        remedy:
          'Find who calls the model past the smoother (AWS/Bedrock metrics and CloudTrail of this account), and send it through the smoother',
      };
    case 'requests_per_minute':
    case 'tokens_per_minute': {
      const what = bound.by === 'tokens_per_minute' ? 'tokens' : 'requests';
      const limit = bound.limit === undefined ? '' : ` (${NUMBER.format(bound.limit)} a minute)`;
      return {
        says: `The quota of ${what}${limit} binds: no more may be released now.`,
        remedy: `Ask AWS for more: smoother quota-case ${lane} writes the case`,
      };
    }
    default:
      return { says: `${SETTINGS[bound.by]}, and quota is left unused.`, remedy: raise(bound) };
  }
}

const SETTINGS: Record<SettingThatBinds, string> = {
  max_concurrent_executions: 'All workers are busy',
  queue_depth_threshold: 'As many messages are in the Hold queue as queue_depth_threshold allows',
  minutes_to_process: 'As much is released and unfinished as minutes_to_process allows',
};

function raise({ by, factor = 2, value }: { by: SettingThatBinds; factor?: number; value?: number }): string {
  return value === undefined
    ? `Raise the variable ${by} to ${NUMBER.format(factor)} times its value`
    : `Raise the variable ${by} from ${NUMBER.format(value)} to ${NUMBER.format(Math.ceil(value * factor))}`;
}

function pausedBy({ by, since }: Pause): string {
  const who = by === undefined ? '' : ` by ${by}`;
  return since === undefined
    ? who
    : `${who} since ${new Date(since).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function partOf({ requests_per_minute, tokens_per_minute }: Limits, part: number): string {
  const parts = [
    [tokens_per_minute, 'tokens'],
    [requests_per_minute, 'requests'],
  ] as const;
  return parts
    .flatMap(([limit, what]) =>
      limit === undefined
        ? []
        : `${NUMBER.format(Math.round(limit * part))} of ${NUMBER.format(limit)} ${what} a minute`,
    )
    .join(', ');
}
