/**
 * The environment of each function, by the name of its handler: the stack writes these variables and no others, and the
 * function reads them. A variable without a unit here counts what its name says.
 */
import { flag, number, text, type VariableRule } from './variable-rules.ts';

/** Of each function that takes requests in. */
export const INGESTING = {
  REQUESTS_TABLE: text,
  LANES_TABLE: text,
  CALLS_BUCKET: text,
  PRIORITIZATION_FUNCTION: text,
  PAYLOAD_RETENTION_DAYS: number({ min: 2 }),
  COUNT_TOKENS: flag,
  ACCOUNT_ID: text,
} as const satisfies Rules;

export const ENVIRONMENTS = {
  'request-ingestion': { ...INGESTING, RESULTS_QUEUE_URL: text },
  prioritization: {
    REQUESTS_TABLE: text,
    LANES_TABLE: text,
    HOLD_QUEUE_URL: text,
    RESULTS_QUEUE_URL: text,
    INVOCATION_TIMEOUT_SECONDS: number({ min: 1 }),
    AVERAGE_REQUEST_DURATION: number({ unit: 'seconds' }),
    MINUTES_TO_PROCESS: number(),
    MAX_CONCURRENT_EXECUTIONS: number({ min: 1 }),
    QUEUE_DEPTH_THRESHOLD: number({ min: 1, unit: 'messages' }),
    MAX_ATTEMPTS: number({ min: 1 }),
    METRICS_NAMESPACE: text,
  },
  invocation: {
    REQUESTS_TABLE: text,
    LANES_TABLE: text,
    CALLS_BUCKET: text,
    PRIORITIZATION_FUNCTION: text,
    RESULTS_QUEUE_URL: text,
    INVOCATION_TIMEOUT_SECONDS: number({ min: 1 }),
    MAX_ATTEMPTS: number({ min: 1 }),
    TENANT_IN_REQUEST_METADATA: flag,
  },
  reporting: { REPORTING_TABLE: text },
  batch: { ...INGESTING, BATCHES_TABLE: text, BATCHES_QUEUE_URL: text, BATCHES_TOPIC_ARN: text },
} as const satisfies Record<string, Rules>;

/** What every function finds without our saying so. */
export const GIVEN_BY_LAMBDA = { AWS_REGION: text } as const satisfies Rules;

export type Rules = Readonly<Record<string, VariableRule<unknown>>>;

/** A function, by the name of its handler's file. */
export type FunctionName = keyof typeof ENVIRONMENTS;
export const FUNCTION_NAMES = Object.keys(ENVIRONMENTS) as FunctionName[];

/** Names of the variables of a function. */
export type VariablesOf<Name extends FunctionName> = keyof (typeof ENVIRONMENTS)[Name];

/** What variables are once they have been read. */
export type Values<R extends Rules> = {
  [Name in keyof R]: R[Name] extends VariableRule<infer T> ? T : never;
};
