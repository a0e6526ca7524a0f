/** What befalls a lane: the types, a calm one to vary, and what generates others. */
import fc from 'fast-check';
import type { Limits } from '../../src/core/lane/catalog/limits.ts';
import type { Weights } from '../../src/core/lane/engine/fair-queues.ts';
import { PRIORITY_WEIGHTS } from '../../src/core/lane/priority-weights.ts';
import { PRIORITIES, type Priority } from '../../src/core/request/record.ts';
import { ENFORCEMENTS, type Enforcement } from '../../src/local/bedrock/accounting.ts';

/** Drawn evenly between both, anew each time. */
export type Range = readonly [least: number, most: number];

/** Requests of one priority and tenant: some wait at the beginning, others come one after another. */
export interface Flow {
  priority: Priority;
  tenant: string;
  /** Its queue is spread over so many partitions; 1 unless given. */
  shards?: number;
  waiting: number;
  /** For how long these have waited already, milliseconds; 0 unless given. */
  waitedMs?: number;
  /** Milliseconds between arrivals; absent: no more come. */
  everyMs?: number;
  /** When the first comes. */
  fromMs?: number;
  input: Range;
  maxTokens: number;
  /** What answers have of max tokens. */
  answer: Range;
  /** How long a request may wait; absent: for ever. */
  patienceMs?: Range;
  /** Its calls are never answered. */
  hangs?: boolean;
}

/** Times are milliseconds from the beginning. */
export interface Scenario {
  /** For all that is drawn on the way, and for the place of the fixed minute. */
  seed: number;
  modelId: string;
  durationMs: number;
  /** Between two ticks of a leader: longer where services are slow. */
  tickMs: number;
  limits: Limits;
  /** `announced`: known as soon as it acts; otherwise nobody says so. */
  changes: readonly { at: number; limits: Limits; announced: boolean }[];
  flows: readonly Flow[];
  enforcement: Enforcement;
  startDelayMs: Range;
  callMs: Range;
  reportLagMs: Range;
  /** Server errors, as a share of the calls. */
  faults: number;
  /** Every call meets a server error. */
  outage: { from: number; to: number };
  /** Somebody else on the same quota. */
  foreign: { from: number; to: number; tokensPerMinute: number };
  /** Real input tokens for each estimated one. */
  estimates: Range;
  /** When another leader goes on from the last plan. */
  successions: readonly number[];
  workers: number;
  minutesToProcess: number;
  weights: Weights;
}

export const TOKENS_PER_MINUTE = 100_000;
/** Each token of an answer is charged ten times: most calls cost more than they reserved. */
export const BURNDOWN_MODEL = 'us.anthropic.claude-opus-5-v1:0';

export const CALM: Scenario = {
  seed: 1,
  modelId: 'amazon.nova-lite-v1:0',
  durationMs: 150_000,
  tickMs: 200,
  limits: { tokens_per_minute: TOKENS_PER_MINUTE },
  changes: [],
  flows: [],
  enforcement: 'sliding-window',
  startDelayMs: [50, 500],
  callMs: [1_000, 5_000],
  reportLagMs: [10, 300],
  faults: 0,
  outage: { from: 0, to: 0 },
  foreign: { from: 0, to: 0, tokensPerMinute: 0 },
  estimates: [1, 1],
  successions: [],
  workers: 1_000,
  minutesToProcess: 5,
  weights: { priorityWeights: PRIORITY_WEIGHTS, tenantWeights: {} },
};

export const seed = fc.integer({ min: 0, max: 2 ** 31 });
const enforcement = fc.constantFrom(...ENFORCEMENTS);
export const priority = fc.constantFrom(...PRIORITIES);

export function range(min: number, max: number): fc.Arbitrary<Range> {
  const end = fc.integer({ min, max });
  return fc.tuple(end, end).map(([a, b]): Range => [Math.min(a, b), Math.max(a, b)]);
}

export function share(min = 0, max = 1): fc.Arbitrary<Range> {
  return range(min * 100, max * 100).map(([least, most]): Range => [least / 100, most / 100]);
}

/** Tokens bind, or requests, or now these and now those. */
export const limits: fc.Arbitrary<Limits> = fc.oneof(
  fc.constant({ tokens_per_minute: TOKENS_PER_MINUTE }),
  fc.record({ requests_per_minute: fc.integer({ min: 30, max: 300 }) }),
  fc.record({
    requests_per_minute: fc.integer({ min: 30, max: 300 }),
    tokens_per_minute: fc.constant(TOKENS_PER_MINUTE),
  }),
);

export function scaled({ requests_per_minute, tokens_per_minute }: Limits, by: number): Limits {
  const part = (limit: number | undefined) => (limit === undefined ? undefined : Math.ceil(limit * by));
  return { requests_per_minute: part(requests_per_minute), tokens_per_minute: part(tokens_per_minute) };
}

export const flow: fc.Arbitrary<Flow> = fc.record(
  {
    priority,
    tenant: fc.constantFrom('acme', 'globex', 'initech'),
    waiting: fc.integer({ min: 0, max: 300 }),
    everyMs: fc.integer({ min: 100, max: 5_000 }),
    fromMs: fc.integer({ min: 0, max: 60_000 }),
    input: range(1, 2_000),
    maxTokens: fc.integer({ min: 1, max: 4_000 }),
    answer: share(),
  },
  { requiredKeys: ['priority', 'tenant', 'waiting', 'input', 'maxTokens', 'answer'] },
);

export const flows = fc.array(flow, { minLength: 1, maxLength: 4 });

/** Calls from quick to long, workers from warm to cold, reports from prompt to late. */
export const surroundings = fc.record({
  seed,
  enforcement,
  tickMs: fc.integer({ min: 200, max: 2_000 }),
  startDelayMs: fc.oneof(range(20, 1_000), range(20, 20_000)),
  callMs: fc.oneof(range(100, 10_000), range(100, 100_000)),
  reportLagMs: range(1, 2_000),
  successions: fc.uniqueArray(fc.integer({ min: 1, max: 140_000 }), { maxLength: 3 }),
});
