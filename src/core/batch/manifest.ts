/** What is told about a batch: Bedrock's own manifest, how far it has come, and that it has ended. */
import {
  type Batch,
  type BatchStatus,
  batchIdOf,
  type Counts,
  type DroppedFile,
  nameOf,
  outputKeys,
} from './batch.ts';

/** `manifest.json.out`, as Bedrock writes it. Ours counts while the batch runs. */
export interface Manifest {
  totalRecordCount: number;
  processedRecordCount: number;
  successRecordCount: number;
  errorRecordCount: number;
  inputTokenCount: number;
  outputTokenCount: number;
}

/** `progress.json`, and the notification at the end. Times in ISO 8601. */
export interface BatchReport extends Partial<Manifest> {
  batchId: string;
  name: string;
  status: BatchStatus;
  /** Why it failed. */
  problem?: string;
  /** When the file was found. Absent: its batch never began. */
  createdAt?: string;
  updatedAt: string;
  deadline?: string;
  /** Where the output is, or will be. */
  output: string;
}

function manifestOf(total: number, { success, error, input_tokens, output_tokens }: Counts): Manifest {
  return {
    totalRecordCount: total,
    processedRecordCount: success + error,
    successRecordCount: success,
    errorRecordCount: error,
    inputTokenCount: input_tokens,
    outputTokenCount: output_tokens,
  };
}

/** The counts so far. Until all lines have been taken in, the total is the number of those that have. */
export function countsOf({ status, records, seen, written }: Batch): Manifest {
  const isWritten = status === 'CLOSING' || status === 'COMPLETED' || status === 'CANCELLED';
  return isWritten ? manifestOf(written.success + written.error, written) : manifestOf(records, seen);
}

export function reportOf(batch: Batch, bucket: string, now: number): BatchReport {
  return {
    ...about(batch, bucket),
    status: batch.status,
    createdAt: iso(batch.created_at),
    updatedAt: iso(now),
    deadline: iso(batch.deadline_at),
    ...countsOf(batch),
  };
}

/** Of a batch that failed. */
export function failureOf(
  file: DroppedFile & Partial<Pick<Batch, 'created_at'>>,
  problem: string,
  { bucket, now }: { bucket: string; now: number },
): BatchReport {
  return {
    ...about(file, bucket),
    status: 'FAILED',
    problem,
    ...(file.created_at !== undefined && { createdAt: iso(file.created_at) }),
    updatedAt: iso(now),
  };
}

function about(file: DroppedFile, bucket: string) {
  return {
    batchId: batchIdOf(file),
    name: nameOf(file.key) ?? '',
    output: `s3://${bucket}/${outputKeys(file).output}`,
  };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

const MOST_SUBJECT_CHARACTERS = 100;

/** The subject of the notification: SNS takes a hundred characters of ASCII, and no control characters. */
export function subjectOf({ name, status, successRecordCount, totalRecordCount }: BatchReport): string {
  const counts =
    totalRecordCount === undefined ? '' : `: ${successRecordCount} of ${totalRecordCount} records succeeded`;
  const end = ` ${status}${counts}`;
  const start = `Batch ${name.replace(/[^\x20-\x7e]/g, '?')}`;
  return start.slice(0, MOST_SUBJECT_CHARACTERS - end.length) + end;
}
