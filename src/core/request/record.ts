/**
 * The record: a request's item in the Requests table, the one source of truth about it.
 * Attribute names are the item's own, so a reader of the table and a reader of the code see the same words.
 */

import type { InputKind } from './tokens.ts';

export const OUTCOMES = ['COMPLETED', 'FAILED', 'EXPIRED', 'CANCELLED', 'REJECTED'] as const;
export type Outcome = (typeof OUTCOMES)[number];
/** QUEUED, released and not yet claimed, is what earlier releases of the smoother left: such a request is RECEIVED now. */
export type Status = 'RECEIVED' | 'QUEUED' | 'IN_PROGRESS' | Outcome;

export const PRIORITIES = [1, 2, 3, 4, 5] as const;
/** 1 is the most urgent. A weight, not an absolute order. */
export type Priority = (typeof PRIORITIES)[number];
export const DEFAULT_PRIORITY: Priority = 3;
export const DEFAULT_TENANT = 'default';

export type Operation = 'converse' | 'invoke_model';

/** Why a request ended without an answer. `type` is ours or the Bedrock exception's name. */
export interface RequestError {
  type: string;
  message: string;
}

/** Tokens as Bedrock reports them: `input_tokens` excludes cached tokens. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens?: number;
  cache_write_tokens?: number;
}

/** Undefined unless both counts are known. */
export function usageOf(
  input: number | undefined,
  output: number | undefined,
  cacheRead: number | undefined,
  cacheWrite: number | undefined,
): Usage | undefined {
  if (input === undefined || output === undefined) return undefined;
  return {
    input_tokens: input,
    output_tokens: output,
    ...(cacheRead !== undefined && { cache_read_tokens: cacheRead }),
    ...(cacheWrite !== undefined && { cache_write_tokens: cacheWrite }),
  };
}

/** All input tokens, cached ones too. */
export function inputOf({ input_tokens, cache_read_tokens = 0, cache_write_tokens = 0 }: Usage): number {
  return input_tokens + cache_read_tokens + cache_write_tokens;
}

/** An output is in the record (`body`) when small, otherwise in the calls bucket. */
export type Output = { body: unknown } | { bucket: string; key: string };

/** In place of a results queue's name: no message is sent, and those who want the result read the record. */
export const RECORD_ONLY = 'record';

/** What the table holds: accepted requests, messages that were refused, and cancellations that came before their request. */
export type StoredRecord = RequestRecord | RejectionRecord | CancellationRecord;

interface CommonRecord {
  /** Version of this shape. */
  v: 1;
  request_id: string;
  /** How often the request has been released; fences every write about it. */
  generation: number;
  /** Random, of the last write: tells our own write from another's when its answer was lost. */
  nonce: string;
  lane: string;
  priority: Priority;
  tenant: string;
  /** A batch-inference record's own id: echoed, never the identity. */
  record_id?: string;
  /** JSON text, echoed in the result. */
  metadata?: string;
  /** Where the result goes: {@link RECORD_ONLY}, or a results queue of its own. Absent: the shared queue. */
  results?: string;
  /** Epoch milliseconds. */
  accepted_at: number;
  content_hash: string;
  /** Keys of the `due` index: when a leader must look at this record, whatever for. An outcome that is due owes its result. */
  due_key?: string;
  due_at?: number;
  /** Calls made to Bedrock, throttled ones included. */
  attempts: number;
  finished_at?: number;
  error?: RequestError;
  result_sent?: boolean;
  /** Epoch seconds; set only when the result has been sent. */
  expires_at?: number;
}

export interface RequestRecord extends CommonRecord {
  status: Exclude<Status, 'REJECTED'>;
  /** Epoch milliseconds. Somebody has taken it back after its release: it is not called any more. */
  cancel_requested_at?: number;
  /** What is called. */
  model_id: string;
  /** The model that the request names, where what is called is its tenant's own application inference profile of it. */
  asked_model_id?: string;
  operation: Operation;
  /** The producer's label for requests with outputs of similar size, or the name of their group; estimates are learned by it. */
  task?: string;

  /** Epoch milliseconds after which the request is not started any more: the producer's, or the longest wait. */
  deadline_at: number;
  /** The deadline is the producer's own: the due index lists it, so that it is kept promptly. */
  has_deadline: boolean;
  /** When its first call was expected to start, as estimated when it was accepted: half of such requests start before this. */
  expected_start_at?: number;
  /** The promise: all but one in twenty start before this. Absent where nothing could be promised. */
  promised_start_at?: number;
  payload_key: string;
  /** The object that a pointer message named, and the version that was read. */
  source?: { key: string; version_id?: string };
  /** Estimated input tokens, and what a worker holds: the text and media they were estimated from, and media of the answer. */
  input_tokens: number;
  /** What makes up most of the input, where that is not text: its estimates are learned apart. */
  input_kind?: InputKind;
  input_bytes: number;
  /**
   * What the call may put out at most: as the producer set it, or what unset means where it has to stay unset. Absent:
   * the smoother chooses at each release.
   */
  max_tokens?: number;
  /** Tokens that the model may think with, where the producer set them and left max tokens to the smoother. */
  thinking_tokens?: number;
  /** The producer takes an answer that our choice of max tokens cut: it is not run again. */
  accept_truncated?: boolean;
  /**
   * An answer was cut by the max tokens that a release chose. False the first time: the next release allows several times as many.
   * True the second time: it allows all that model and quota can give.
   */
  full_allowance?: boolean;
  /** What cut answers cost, which were thrown away. */
  rerun?: { charged_tokens: number; usage?: Usage };
  /** The last answer that was cut, until the request ends: it is delivered where the rerun gives none. */
  cut?: CutAnswer;

  /** Where it waits: the backlog's partition and place. Kept for life, so that a return finds its old place. */
  queue: string;
  arrival: number;
  /** Set only while RECEIVED: the keys of the `backlog` index. */
  backlog_key?: string;
  backlog_order?: number;

  /** The current (or last) release that was claimed. */
  released_at?: number;
  reserved_tokens?: number;
  /** The charge to expect, by which the release was shared out. */
  expected_tokens?: number;
  /** Its tenant has a budget: the worker reports what the call spends of it. */
  budgeted?: boolean;
  /** The max tokens that the release allows the call. */
  granted_max_tokens?: number;
  /** Where the producer set none: the most that the release could have allowed, by model and quota. */
  most_max_tokens?: number;
  /** By its estimate the release does not fit into a minute's quota: it runs alone, and a throttle is final. */
  exceeds_quota?: boolean;
  started_at?: number;
  /** Transient errors met; only these use up the attempts. */
  failures: number;
  throttles: number;
  /** Calls that were denied (access, unknown model). Absent until one was, and in records of earlier releases. */
  denials?: number;

  output?: Output;
  stop_reason?: string;
  /** The max tokens that cut the answer, where they were our choice. */
  truncated_at?: number;
  usage?: Usage;
  latency_ms?: number;
  charged_tokens?: number;
}

/** What the record says when the cut answer is delivered after all. `rerun`: without it. */
export type CutAnswer = Pick<
  RequestRecord,
  | 'started_at'
  | 'output'
  | 'stop_reason'
  | 'truncated_at'
  | 'usage'
  | 'latency_ms'
  | 'charged_tokens'
  | 'rerun'
>;

/** A message that was refused: its outcome from the start. Earlier releases wrote a request's attributes beside these. */
export interface RejectionRecord extends CommonRecord {
  status: 'REJECTED';
  /** The id that the result carries: the producer's, where the message has a usable one. */
  result_id: string;
  /** As the message names it; absent, or `unknown` in what earlier releases wrote, where it names none that is usable. */
  model_id?: string;
  finished_at: number;
  error: RequestError;
}

/** A cancellation that came before its request: the request ends with it when it comes. Void once it has expired. */
export interface CancellationRecord extends CommonRecord {
  status: 'CANCEL_REQUESTED';
  /** Epoch seconds. */
  expires_at: number;
}

/** Of an accepted request, however far it has come. */
export function isRequest(record: StoredRecord): record is RequestRecord {
  return record.status !== 'REJECTED' && record.status !== 'CANCEL_REQUESTED';
}

/** The model as the request names it. */
export function askedModelOf({
  model_id,
  asked_model_id,
}: Pick<RequestRecord, 'model_id' | 'asked_model_id'>): string {
  return asked_model_id ?? model_id;
}

export function isOutcome(status: StoredRecord['status']): status is Outcome {
  return (OUTCOMES as readonly string[]).includes(status);
}
