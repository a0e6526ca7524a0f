/** What is found of a stack when somebody looks: facts, without judgement. */
import type { BudgetView } from './budgets.ts';
import type { LaneView } from './lanes.ts';

/** An answer, or why there is none. */
export type Asked<Answer> =
  | { answer: Answer }
  /** `error` is the error's name, and `says` what it means to a person. */
  | { error: string; says: string };

export interface QueueState {
  waiting: number;
  inFlight: number;
}

export interface FunctionState {
  state: string;
  lastUpdate: string;
  /** Of its event source, where it has one. */
  source?: { enabled: boolean; state: string; maximumConcurrency?: number };
}

export const QUEUES = {
  input: 'input_queue_url',
  hold: 'hold_next_batch_queue_url',
  batches: 'batches_queue_url',
  results: 'bedrock_results_queue_url',
} as const;
export const DEAD_LETTER_QUEUES = {
  input: 'input_dlq_url',
  hold: 'hold_next_batch_dlq_url',
  batches: 'batches_dlq_url',
  reporting: 'reporting_dlq_url',
} as const;
export const TABLES = {
  requests: 'requests_table_name',
  lanes: 'lanes_table_name',
  reporting: 'reporting_table_name',
  batches: 'batches_table_name',
} as const;
export const FUNCTIONS = {
  ingestion: 'request_ingestion_function_name',
  prioritization: 'prioritization_function_name',
  invocation: 'invocation_function_name',
  reporting: 'reporting_function_name',
  batch: 'batch_function_name',
} as const;

/** As Bedrock tells it of a foundation model. */
export interface ModelAccess {
  authorized: boolean;
  /** `AVAILABLE`, `NOT_AVAILABLE`, `PENDING` or `ERROR`. */
  agreement: string;
  entitled: boolean;
  inRegion: boolean;
}

export interface Inspection {
  /** Epoch milliseconds. */
  at: number;
  node: string;
  credentials: Asked<{ accessKeyId: string }>;
  region: Asked<string>;
  /** Of the outputs, where there are any. */
  stackRegion?: string;
  tables: Record<keyof typeof TABLES, Asked<true>>;
  queues: Record<keyof typeof QUEUES, Asked<QueueState>>;
  deadLetters: Record<keyof typeof DEAD_LETTER_QUEUES, Asked<QueueState>>;
  bucket: Asked<true>;
  functions: Record<keyof typeof FUNCTIONS, Asked<FunctionState>>;
  /** Concurrent executions that the account may have, and those that no function has reserved. */
  concurrency: Asked<{ limit: number; unreserved: number }>;
  /** Of the topic of alarms. */
  subscriptions: Asked<{ endpoint: string; confirmed: boolean }[]>;
  /** Those of the stack that are raised. */
  alarms: Asked<{ name: string; description: string }[]>;
  /** Functions whose deployed code is not what this checkout builds. `NoCheckout`: the commands run from the package. */
  code: Asked<{ others: string[] }>;
  lanes: Asked<LaneView[]>;
  /** Of the models that lanes call. */
  access: Asked<{ model: string; lanes: string[]; access: Asked<ModelAccess> }[]>;
  budgets: Asked<BudgetView[]>;
}
