/** What the console shows in its tests: a lane that is busy, one that an operator has paused, and one in trouble. */
import type { Answers } from '../../../src/cli/console/answers.ts';
import type { Action, PageData } from '../../../src/cli/console/data.ts';
import type { LaneOverview, MinutePoint } from '../../../src/core/operations/overview.ts';
import type { UsageLine } from '../../../src/core/operations/usage.ts';
import type { Why } from '../../../src/core/operations/why.ts';

const AT = Date.parse('2026-11-22T20:40:00Z');
const LONG = 'anthropic.claude-haiku-4-5:geo';

function usageLine(name: string, share: number): UsageLine {
  return {
    name,
    accepted: Math.round(4_000 * share),
    completed: Math.round(3_800 * share),
    failed: Math.round(12 * share),
    expired: 0,
    cancelled: 3,
    rejected: 1,
    calls: Math.round(3_850 * share),
    throttles: Math.round(20 * share),
    charged_tokens: Math.round(9_000_000 * share),
    input_tokens: Math.round(6_000_000 * share),
    output_tokens: Math.round(2_000_000 * share),
    large_inputs: 2,
    unpriced: 0,
    promises: Math.round(3_700 * share),
    promises_kept: Math.round(3_600 * share),
    cost_usd: 14.2 * share,
    won_back_tokens: 0,
    wait_ms: { p50: 800, p95: 42_000, p99: 61_000 },
    latency_ms: { p50: 900, p95: 2_000, p99: 4_000 },
  };
}

function minutes(quota: number, per: number): MinutePoint[] {
  return Array.from({ length: 60 }, (_, i) => {
    const demand = i === 20 ? quota * 6 : i % 7 === 0 ? quota * 0.7 : quota * 0.3;
    const used = i >= 20 && i < 30 ? quota * 0.97 : Math.min(demand, quota);
    return {
      minute: new Date(AT - (59 - i) * 60_000).toISOString().slice(0, 16).concat('Z'),
      demand: { tokens: Math.round(demand), requests: Math.round(demand / per) },
      used: { tokens: Math.round(used), requests: Math.round(used / per) },
      throttles: i === 21 ? 3 : 0,
      cost_usd: used / 1e6,
    };
  });
}

const BUSY: LaneOverview = {
  ...{
    lane: LONG,
    model_id: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
    state: 'working',
    health: 'good',
    unled: false,
  },
  limits: { requests_per_minute: 480, tokens_per_minute: 2_000_000 },
  ...{ assumed: [], utilisation: 0.98, share: 1, waiting: true, unfinished: 31 },
  bound: { by: 'tokens_per_minute', limit: 2_000_000 },
  says: 'The quota of tokens (2,000,000 a minute) binds: no more may be released now.',
  remedy: `Ask AWS for more: smoother quota-case ${LONG} writes the case`,
  backlog: {
    ...{ requests: 1_840, tokens: 4_200_000, more: false, kept: 1_200, oldest: AT - 95_000 },
    unread: 0,
    lines: [
      { priority: 1, tenant: 'checkout', requests: 40, tokens: 90_000, oldest: AT - 3_000, more: false },
      { priority: 3, tenant: 'search', requests: 600, tokens: 1_400_000, oldest: AT - 60_000, more: false },
      {
        priority: 5,
        tenant: 'nightly-batch',
        requests: 1_200,
        tokens: 2_710_000,
        oldest: AT - 95_000,
        more: false,
      },
    ],
  },
  drain_ms: 126_000,
  minutes: minutes(2_000_000, 2_300),
  priorities: [usageLine('1', 0.2), usageLine('3', 0.3), usageLine('5', 0.5)],
  tenants: [],
};

const PAUSED: LaneOverview = {
  ...BUSY,
  ...{
    lane: 'amazon.nova-lite:geo',
    model_id: 'us.amazon.nova-lite-v1:0',
    state: 'paused',
    health: 'attention',
  },
  bound: { by: 'operator', pause: { by: 'ada', since: AT - 600_000 } },
  says: 'Paused by ada since 2026-11-22 20:30 UTC.',
  remedy: 'Release its requests again: smoother resume amazon.nova-lite:geo',
  utilisation: 0,
  unfinished: 0,
  assumed: ['tokens_per_minute'],
  drain_ms: undefined,
};

export const PAGE: PageData = {
  ...{ at: AT, region: 'eu-west-1', live: true, readOnly: false, range: { from: AT - 3_540_000, to: AT } },
  lanes: [PAUSED, BUSY],
  usage: {
    lane: [usageLine('amazon.nova-lite:geo', 0.3), usageLine(LONG, 0.7)],
    tenant: [usageLine('checkout', 0.2), usageLine('nightly-batch', 0.5), usageLine('search', 0.3)],
    priority: [usageLine('1', 0.2), usageLine('3', 0.3), usageLine('5', 0.5)],
    model: [usageLine('amazon.nova-lite', 0.3), usageLine('anthropic.claude-haiku-4-5', 0.7)],
    hour: [usageLine('2026-11-22T19:00Z', 0.6), usageLine('2026-11-22T20:00Z', 0.4)],
  },
  budgets: [
    {
      ...{ tenant: 'nightly-batch', day: '2026-11-22', state: 'used up', at_limit: 'wait', part: 0.98 },
      tokens: { limit: 50_000_000, spent: 49_000_000, held: 0 },
      lacking: [{ lane: LONG, lacks: 'used_up' }],
    },
    {
      ...{ tenant: 'search', day: '2026-11-22', state: 'within', at_limit: 'refuse', part: 0.4, lacking: [] },
      usd: { limit: 20, spent: 8, held: 0.5 },
    },
  ],
  deadLetters: [
    { queue: 'input', count: 2 },
    { queue: 'hold', count: 0 },
    { queue: 'batches', count: 0 },
    { queue: 'reporting' },
  ],
};

export const WAITING: Why = {
  ...{ request_id: 'order-4711', status: 'RECEIVED', priority: 3, tenant: 'search', lane: BUSY },
  says: [
    'It waits its turn: 210 before it, and 1240 of other tenants or priorities share the lane with it.',
    `${LONG}: ${BUSY.says}`,
  ],
  remedy: BUSY.remedy,
  ahead: {
    tenant: { requests: 210, tokens: 480_000, more: false },
    priority: { requests: 0, tokens: 0, more: false },
    lane: { requests: 1_240, tokens: 2_800_000, more: false },
  },
  expected_start: { p50: AT + 38_000, p95: AT + 95_000 },
  deadline_at: AT + 60_000,
  deadline: 'at risk',
  history: [
    { at: AT - 40_000, what: 'accepted' },
    { at: AT - 20_000, what: 'released' },
    { at: AT - 19_000, what: 'came back: throttled 1×' },
  ],
};

export function fakeAnswers(acted: Action[] = [], fail?: Error): Answers {
  return {
    page: async () => PAGE,
    request: async (id) => (id === WAITING.request_id ? WAITING : { request_id: id, status: 'UNKNOWN' }),
    act: async (action) => {
      if (fail) throw fail;
      acted.push(action);
      return { says: `done: ${action.action}` };
    },
  };
}
