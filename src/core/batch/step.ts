/** A step takes a batch a little further: a section of the lines, or one part of the output. Repeating a step changes nothing. */
import type { Clock } from '../clock.ts';
import type { IncomingMessage } from '../ingestion/incoming.ts';
import type { DeliveryPorts } from '../request/deliver.ts';
import type { Payloads, Records } from '../request/ports.ts';
import { type Batch, NO_COUNTS, type Progress } from './batch.ts';
import { START } from './file-lines.ts';
import type { OutcomePorts } from './outcomes.ts';

/** How much a step does. */
export interface StepSizes {
  /** Lines that are taken in at once: as many as ingestion has connections. */
  lines: number;
  /** A part of the output is written once it has this many bytes. S3 accepts at most 10,000 parts of at least 5 MiB. */
  partBytes: number;
}

export const STEP_SIZES: StepSizes = { lines: 100, partBytes: 8 * 1024 * 1024 };

export interface StepPorts extends OutcomePorts {
  sizes: StepSizes;
  /** Ingestion of messages; returns the ids of those that must be ingested again. */
  ingest(messages: readonly IncomingMessage[]): Promise<string[]>;
  records: Records;
  results: DeliveryPorts['results'];
  /** Large answers. */
  payloads: Pick<Payloads, 'get'>;
  clock: Pick<Clock, 'now'>;
  log: DeliveryPorts['log'];
}

export interface Step {
  progress: Progress;
  /** There is nothing to do for this long. */
  restMs?: number;
}

/** The cancellation came in time. Requests are cancelled, and the remaining lines never become requests. */
export function cancelling({ position, taken_to = position }: Batch): Step {
  return { progress: { status: 'CANCELLING', cancelled: true, position: START, taken_to } };
}

/** Begins to check, from the first line, whether the requests have ended. */
export function waiting({ position, taken_to = position }: Batch): Step {
  return { progress: { status: 'WAITING', position: START, seen: NO_COUNTS, taken_to } };
}

const SHORTEST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;
const PART_OF_AGE = 0.05;

/** The time until the next look. It grows with the age of the batch, so the end is noticed at most a twentieth late. */
export function restOf({ created_at }: Batch, now: number): number {
  return Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, PART_OF_AGE * (now - created_at)));
}
