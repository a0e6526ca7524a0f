/** What is stored about a batch file, and the names of the objects that belong to it. */
import { sha256 } from '../request/keys.ts';
import type { Position } from './file-lines.ts';
import type { BatchOptions } from './options.ts';

/**
 * Its phases, in order. Each but the last goes through the lines once:
 * - TAKING_IN: makes a request of every line
 * - CANCELLING: cancels the requests; only when somebody asked for that
 * - WAITING: checks whether the requests have ended
 * - WRITING: writes the output
 * - CLOSING: writes the final manifest and sends the notification
 */
const PHASES = ['TAKING_IN', 'CANCELLING', 'WAITING', 'WRITING', 'CLOSING'] as const;
export const ENDS = ['COMPLETED', 'CANCELLED', 'FAILED'] as const;
export type BatchStatus = (typeof PHASES)[number] | (typeof ENDS)[number];

/** The file in the version that was dropped. */
export interface DroppedFile {
  key: string;
  /** Without quotation marks. */
  etag: string;
  version_id?: string;
  bytes: number;
}

/** Records whose outcome has been seen, or written. */
export interface Counts {
  success: number;
  error: number;
  input_tokens: number;
  output_tokens: number;
}

export const NO_COUNTS: Counts = { success: 0, error: 0, input_tokens: 0, output_tokens: 0 };

/** An upload in parts: one part for each turn that wrote one. */
export interface Upload {
  id: string;
  etags: string[];
}

export interface Batch extends DroppedFile {
  /** Version of this shape. */
  v: 1;
  batch_id: string;
  options: BatchOptions;
  /** Epoch milliseconds. */
  created_at: number;
  /** Of each of its requests. Epoch milliseconds. */
  deadline_at: number;
  status: BatchStatus;
  /** How often it has been saved: fences writers from each other. */
  turn: number;
  /** The turn in which the message was sent that the batch is working on. Messages of earlier turns have no effect. */
  since_turn: number;
  /** How far the current phase has come. */
  position: Position;
  /** Lines that are records, as far as they have been taken in. */
  records: number;
  /** The line that ingestion could not handle last, and how often in a row. */
  failing?: { line: number; times: number };
  /** Where taking in has ended. */
  taken_to?: Position;
  seen: Counts;
  written: Counts;
  upload?: Upload;
  cancel_requested_at?: number;
  /** The request to cancel came in time. */
  cancelled?: true;
  finished_at?: number;
  /** Epoch seconds. */
  expires_at?: number;
}

/** What a turn changes. */
export type Progress = Partial<
  Pick<
    Batch,
    | ('status' | 'position' | 'records' | 'failing' | 'taken_to' | 'seen' | 'written')
    | ('upload' | 'cancelled' | 'finished_at' | 'expires_at')
  >
>;

export function hasEnded({ status }: Pick<Batch, 'status'>): boolean {
  return (ENDS as readonly string[]).includes(status);
}

const INPUTS = 'batches/';
const OUTPUTS = 'batch-outputs/';
const INPUT_ENDING = '.jsonl';
const CANCEL_ENDING = '.cancel';
const ID_CHARACTERS = 20;

/** The same content under the same name is the same batch. */
export function batchIdOf({ key, etag }: Pick<DroppedFile, 'key' | 'etag'>): string {
  return sha256(`${key}\n${etag}`).slice(0, ID_CHARACTERS);
}

/** The batch that an object which cancels one names, by its id alone; its content may be anything. */
export function batchNamedIn(text: string | undefined): string | undefined {
  const id = text?.trim() ?? '';
  return id.length === ID_CHARACTERS && /^[0-9a-f]+$/.test(id) ? id : undefined;
}

/** `batches/team/nightly.jsonl` → `team/nightly`; undefined for an object that is no batch. */
export function nameOf(key: string): string | undefined {
  return between(key, INPUT_ENDING);
}

/** The same of `batches/team/nightly.cancel`. */
export function nameOfCancel(key: string): string | undefined {
  return between(key, CANCEL_ENDING);
}

function between(key: string, ending: string): string | undefined {
  if (!key.startsWith(INPUTS) || !key.endsWith(ending)) return undefined;
  return key.slice(INPUTS.length, -ending.length);
}

export function keysOfName(name: string): { input: string; options: string; cancel: string } {
  const start = INPUTS + name;
  return { input: start + INPUT_ENDING, options: `${start}.json`, cancel: start + CANCEL_ENDING };
}

export interface OutputKeys {
  output: string;
  manifest: string;
  progress: string;
}

/** Each batch has a folder of its own, so a file that replaces another one does not replace its output. */
export function outputKeys(batch: Pick<DroppedFile, 'key' | 'etag'>): OutputKeys {
  const name = nameOf(batch.key) ?? '';
  const folder = `${OUTPUTS}${name}/${batchIdOf(batch)}/`;
  return {
    output: `${folder}${name.split('/').at(-1)}${INPUT_ENDING}.out`,
    manifest: `${folder}manifest.json.out`,
    progress: `${folder}progress.json`,
  };
}

const MOST_KEY_BYTES = 1_024;

/** What S3 would say about the names of the output. They are longer than the file's own, and its name is in one of them twice. */
export function keyProblem(file: Pick<DroppedFile, 'key' | 'etag'>): string | undefined {
  const bytes = Math.max(...Object.values(outputKeys(file)).map((key) => Buffer.byteLength(key)));
  return bytes > MOST_KEY_BYTES
    ? `the name of the file is too long: a key of its output would have ${bytes} bytes, and S3 takes ${MOST_KEY_BYTES}`
    : undefined;
}

/** The request that a line becomes. */
export function requestIdOf({ batch_id }: Pick<Batch, 'batch_id'>, line: number): string {
  return `batch-${batch_id}-${line}`;
}
