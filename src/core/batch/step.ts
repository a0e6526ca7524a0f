/** A step takes a batch a little further: a part of a second, or one part of the output. Repeating a step changes nothing. */
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
  /** A part of the output, once it has so many bytes. S3 takes parts from 5 MiB on, and 10,000 of them. */
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
  /** Nothing is to be done for so long. */
  restMs?: number;
}

/** The cancellation came in time: what has been taken in is taken back, the rest is never taken in. */
export function cancelling({ position, taken_to = position }: Batch): Step {
  return { progress: { status: 'CANCELLING', cancelled: true, position: START, taken_to } };
}

/** Looks from the first line on whether the requests have ended. */
export function waiting({ position, taken_to = position }: Batch): Step {
  return { progress: { status: 'WAITING', position: START, seen: NO_COUNTS, taken_to } };
}

const SHORTEST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;
const PART_OF_AGE = 0.05;

/** Until the next look at requests that have not ended: the end of a batch is seen when it is a twentieth older, or sooner. */
export function restOf({ created_at }: Batch, now: number): number {
  return Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, PART_OF_AGE * (now - created_at)));
}
