/** What a scenario is made of: its input, what its functions meet, and what it must end with. */
import type { TenantBudget } from '../../core/lane/budgets.ts';
import { LEASE_MS } from '../../core/prioritization/lane-writes.ts';
import type { Outcome } from '../../core/request/record.ts';
import type { BedrockLimits } from './bedrock.ts';
import { type FunctionName, MODEL } from './functions.ts';
import type { Expectation } from './invariants.ts';
import type { Injection, Pipeline } from './pipeline.ts';

export interface Scenario {
  function: FunctionName;
  name: string;
  /** Which of the function's invocations is struck, counted from 0. */
  invocation: number;
  limits?: BedrockLimits;
  /** Of tenants. */
  budgets?: Record<string, TenantBudget>;
  /** Faults of the scenario itself, apart from the one that is tried. */
  before?: () => Injection[];
  prepare(pipeline: Pipeline): Promise<void>;
  expected: Expectation;
  /** The requests of the batch, for trying every progress of some relative to others. */
  batch?: string[];
}

/** So wide that pacing does not spread a batch. */
export const WIDE: BedrockLimits = { requestsPerMinute: 60_000, tokensPerMinute: 100_000_000 };

export const SCHEDULE_MS = 60_000;
export const RUN_MS = 10_000;
/** A lost release comes back after its lease, through the leader of the next minute, which may have to wait itself. */
export const WITHIN_MS = 60_000 + SCHEDULE_MS + LEASE_MS + RUN_MS;
export const REDELIVERY_MS = 360_000;

export function requestBody(id: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    request_id: id,
    model_id: MODEL,
    converse: {
      messages: [{ role: 'user', content: [{ text: id }] }],
      inferenceConfig: { maxTokens: 100 },
    },
    ...fields,
  };
}

export function send(pipeline: Pipeline, ...bodies: unknown[]): void {
  for (const body of bodies) pipeline.input.send(typeof body === 'string' ? body : JSON.stringify(body));
}

/** By default, every request completes with one call. */
export function expecting(
  ids: readonly string[],
  { outcomes = {}, calls = {}, withinMs = WITHIN_MS }: Partial<Expectation> = {},
): Expectation {
  const completed: Outcome[] = ['COMPLETED'];
  return {
    outcomes: { ...Object.fromEntries(ids.map((id) => [id, completed])), ...outcomes },
    calls: { ...Object.fromEntries(ids.map((id) => [id, 1])), ...calls },
    withinMs,
  };
}

export const TEN = Array.from({ length: 10 }, (_, index) => `r${index}`);
