/** What is known about the outcomes of a batch's lines. */
import { requestError } from '../request/error-types.ts';
import { rejectionId } from '../request/keys.ts';
import {
  inputOf,
  isOutcome,
  type Output,
  type RequestError,
  type StoredRecord,
  type Usage,
} from '../request/record.ts';
import { type Batch, type Counts, requestIdOf } from './batch.ts';
import { type BatchRecord, isRecord, type LineReading, readLine } from './batch-line.ts';
import { type FileLine, nextSection, type Position, type RangedFile } from './file-lines.ts';
import { type BatchFiles, MAX_KEYS, type RecordLookup } from './ports.ts';
import type { StepSizes } from './step.ts';

export type LineOutcome = { output: Output; usage?: Usage } | { error: RequestError };

/** A line that is not blank, and its outcome. Undefined: the outcome is not known yet. */
export interface KnownLine {
  reading: LineReading;
  outcome: LineOutcome | undefined;
  /** Where the next line begins. */
  next: Position;
}

/** What a phase knows of the next lines. */
export interface KnownSection {
  lines: KnownLine[];
  end: Position;
  isLast: boolean;
}

/** A missing record is waited for until this long after the deadline, because dead letters may be sent again. */
const MISSING_MS = 3_600_000;
/** At most this much of the file is read at once, and the rest of the last line. */
const SECTION_BYTES = 8 * 1024 * 1024;

export interface OutcomePorts {
  files: BatchFiles;
  lookup: RecordLookup;
  clock: { now(): number };
  sizes: Pick<StepSizes, 'lines'>;
}

export function fileOf(files: BatchFiles, batch: Batch): RangedFile {
  return { bytes: batch.bytes, read: (from, length) => files.read(batch, from, length) };
}

/** The next lines of the batch, as many as one read of the table can answer. */
export async function knownSection(
  { files, lookup, clock, sizes }: OutcomePorts,
  batch: Batch,
  from: Position,
): Promise<KnownSection> {
  const most = { lines: MAX_KEYS, bytes: SECTION_BYTES };
  const { lines, end, isLast } = await nextSection(fileOf(files, batch), from, most);
  const read = lines.flatMap((line) => {
    const reading = readLine(line);
    return reading === undefined ? [] : [{ line, reading }];
  });
  const records = read.flatMap(({ line, reading }) =>
    isRecord(reading) && mayBeTakenIn(batch, line, sizes) ? [reading] : [],
  );
  const found = await outcomesOf(lookup, batch, records);
  const isOverdue = clock.now() > batch.deadline_at + MISSING_MS;
  return {
    lines: read.map(({ line, reading }) => ({
      reading,
      next: line.next,
      outcome: outcomeOf(batch, line, reading, { found, isOverdue }),
    })),
    end,
    isLast,
  };
}

function isTakenIn({ taken_to }: Batch, { offset }: FileLine): boolean {
  return taken_to === undefined || offset < taken_to.offset;
}

/**
 * A step that failed in part, or died before it was noted, may have made requests of lines behind those that are known to have been
 * taken in.
 */
export function mayBeTakenIn(
  { taken_to }: Batch,
  { number }: Pick<FileLine, 'number'>,
  { lines }: Pick<StepSizes, 'lines'>,
): boolean {
  return taken_to === undefined || number < taken_to.line + lines;
}

function outcomeOf(
  batch: Batch,
  line: FileLine,
  reading: LineReading,
  { found, isOverdue }: { found: ReadonlyMap<number, StoredRecord>; isOverdue: boolean },
): LineOutcome | undefined {
  if (!isRecord(reading)) return { error: requestError('InvalidMessage', reading.problem) };
  const record = found.get(reading.number);
  if (record !== undefined) return outcomeOfRecord(record);
  if (!isTakenIn(batch, line)) return { error: neverTaken(batch) };
  if (!isOverdue) return undefined;
  return {
    error: { type: 'OutcomeMissing', message: 'An hour after the deadline there is no record of it' },
  };
}

function neverTaken({ cancelled }: Batch): RequestError {
  return cancelled
    ? requestError('Cancelled', 'The batch was cancelled before this record was taken in')
    : requestError('DeadlinePassed', 'The deadline passed before this record was taken in');
}

function outcomeOfRecord(record: StoredRecord): LineOutcome | undefined {
  if (!isOutcome(record.status)) return undefined;
  const { error } = record;
  if (error !== undefined) return { error };
  const { output, usage } = record.status === 'COMPLETED' ? record : {};
  if (output === undefined)
    throw new Error(`${record.request_id} ended ${record.status} without an output or an error`);
  return { output, usage };
}

/** Records by line. A request has precedence over a refusal, because it was accepted after the refusal. */
async function outcomesOf(
  { find }: RecordLookup,
  batch: Batch,
  records: readonly BatchRecord[],
): Promise<Map<number, StoredRecord>> {
  const byLine = new Map<number, StoredRecord>();
  const lookUp = async (idOf: (line: number) => string) => {
    const lines = records.map(({ number }) => number).filter((number) => !byLine.has(number));
    if (lines.length === 0) return;
    const found = new Map((await find(lines.map(idOf))).map((record) => [record.request_id, record]));
    for (const line of lines) {
      const record = found.get(idOf(line));
      if (record !== undefined) byLine.set(line, record);
    }
  };
  await lookUp((line) => requestIdOf(batch, line));
  await lookUp((line) => rejectionId(requestIdOf(batch, line)));
  return byLine;
}

/** The counts with one more outcome. */
export function counted(counts: Counts, outcome: LineOutcome): Counts {
  if ('error' in outcome) return { ...counts, error: counts.error + 1 };
  const { usage } = outcome;
  return {
    success: counts.success + 1,
    error: counts.error,
    input_tokens: counts.input_tokens + (usage === undefined ? 0 : inputOf(usage)),
    output_tokens: counts.output_tokens + (usage?.output_tokens ?? 0),
  };
}
