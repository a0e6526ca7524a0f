/** What a scenario is made of: an input, what its functions meet, and what it must end with. */
import type { Outcome } from '../../core/request/record.ts';
import type { BedrockLimits } from './bedrock.ts';
import { type FunctionName, MODEL } from './functions.ts';
import type { Expectation } from './invariants.ts';
import type { Injection, Pipeline } from './pipeline.ts';

export interface Scenario {
  function: FunctionName;
  name: string;
  /** Which of the function's invocations is the victim, from 0. */
  invocation: number;
  limits?: BedrockLimits;
  /** What happens in any case. */
  before?: () => Injection[];
  prepare(pipeline: Pipeline): Promise<void>;
  expected: Expectation;
  /** Requests of the victim's batch, where relative progress is to be tried. */
  batch?: string[];
}

/** Wide enough that pacing does not spread a batch. */
export const WIDE: BedrockLimits = { requestsPerMinute: 60_000, tokensPerMinute: 100_000_000 };

export const SCHEDULE_MS = 60_000;
/** A dead leader's lane is free after its lease. */
const LEASE_MS = 10_000;
export const RUN_MS = 10_000;
/** A lost release comes back after its lease, by the leader of the next minute at the latest, which may have to wait. */
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

/** Every request completes with one call, unless said otherwise. */
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
