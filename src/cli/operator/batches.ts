/** Batch files in the calls bucket, as the command line submits, follows, cancels and fetches them. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { s3BatchFiles } from '../../aws/s3-batch-files.ts';
import {
  type BatchStatus,
  batchIdOf,
  hasEnded,
  keyProblem,
  keysOfName,
  type OutputKeys,
  outputKeys,
} from '../../core/batch/batch.ts';
import { isRecord, readLine } from '../../core/batch/batch-line.ts';
import { BatchFileFormatError } from '../../core/batch/errors.ts';
import { linesFrom, START } from '../../core/batch/file-lines.ts';
import type { BatchReport } from '../../core/batch/manifest.ts';
import { readOptions } from '../../core/batch/options.ts';
import { JSON_LINES } from '../../core/batch/write-output.ts';
import { UsageError } from '../errors.ts';

/** The ETag of an upload depends on the size of its parts, and the batch on the ETag: with this size it stays the same. */
const PART_BYTES = 8 * 1024 * 1024;
const LOOK_EVERY_MS = 2_000;
const ENDING = '.jsonl';
/** In later phases no record is left that could be cancelled. */
const CANCELLABLE: readonly BatchStatus[] = ['TAKING_IN', 'CANCELLING', 'WAITING'];

export interface Bucket {
  s3: S3Client;
  bucket: string;
}

/** `data/nightly.jsonl` → `nightly`. */
export function nameOfFile(file: string): string {
  return path.basename(file, ENDING);
}

/** @throws UsageError as the batch function would refuse the options */
export function checkOptions(metadata: Record<string, string>): void {
  const reading = readOptions({ metadata }, Date.now(), Number.POSITIVE_INFINITY);
  if ('problem' in reading) throw new UsageError(reading.problem);
}

/** Uploads the file in parts, so that its size does not matter. */
export async function submitBatch(
  { s3, bucket }: Bucket,
  name: string,
  file: string,
  metadata: Record<string, string>,
): Promise<void> {
  const { input } = keysOfName(name);
  const problem = keyProblem({ key: input, etag: '' });
  if (problem !== undefined) throw new UsageError(problem);
  const upload = new Upload({
    client: s3,
    partSize: PART_BYTES,
    // To abort the upload takes a permission of its own, and a denial would be told in place of what went wrong. The bucket
    // deletes the parts after a day.
    leavePartsOnError: true,
    params: {
      Bucket: bucket,
      Key: input,
      Body: createReadStream(file),
      ContentType: JSON_LINES,
      Metadata: metadata,
    },
  });
  await upload.done();
}

/**
 * Reads every line as the batch function will. `onBad` hears of those that are no records. @returns how many lines are
 * @throws UsageError for what is no file of lines
 */
export async function checkFile(
  file: string,
  onBad: (line: number, problem: string) => void,
): Promise<number> {
  const handle = await open(file);
  try {
    const { size: bytes } = await handle.stat();
    const read = async (from: number, length: number) =>
      (await handle.read(Buffer.alloc(length), 0, length, from)).buffer;
    let records = 0;
    for await (const line of linesFrom({ bytes, read }, START)) {
      const reading = readLine(line);
      if (reading === undefined) continue;
      if (isRecord(reading)) records += 1;
      else onBad(reading.number, reading.problem);
    }
    return records;
  } catch (error) {
    throw error instanceof BatchFileFormatError ? new UsageError(error.message) : error;
  } finally {
    await handle.close();
  }
}

/** @throws UsageError when there is no file of this name */
async function find(
  { s3, bucket }: Bucket,
  name: string,
): Promise<OutputKeys & { batchId: string; uploadedAt: number }> {
  const { input } = keysOfName(name);
  const described = await s3BatchFiles(s3, bucket).describe(input);
  if (described !== undefined) {
    const { file, modified_at: uploadedAt } = described;
    return { ...outputKeys(file), batchId: batchIdOf(file), uploadedAt };
  }
  throw new UsageError(`there is no batch ${name}: no s3://${bucket}/${input} that you may read`);
}

/** How far the batch has come; undefined while it has not begun. */
export async function reportOn(store: Bucket, name: string): Promise<BatchReport | undefined> {
  const { progress, uploadedAt } = await find(store, name);
  const text = await s3BatchFiles(store.s3, store.bucket).text(progress);
  if (text === undefined) return undefined;
  const report: BatchReport = JSON.parse(text);
  // A file that was refused becomes a batch when it is uploaded again with other options.
  const isOfEarlierUpload = report.createdAt === undefined && Date.parse(report.updatedAt) < uploadedAt;
  return isOfEarlierUpload ? undefined : report;
}

/** Waits for the end of the batch. `onChange` hears of it first as it is, and then whenever it has changed. */
export async function follow(
  store: Bucket,
  name: string,
  onChange: (line: string) => void,
  signal: AbortSignal,
): Promise<BatchReport> {
  for (let last = ''; ; await setTimeout(LOOK_EVERY_MS, undefined, { signal })) {
    const report = await reportOn(store, name);
    const line = describeBatch(name, report);
    if (line !== last) onChange(line);
    last = line;
    if (report !== undefined && hasEnded(report)) return report;
  }
}

/** Asks for the cancellation, unless all calls have been made. @returns what becomes of the batch, in words */
export async function cancelBatch(store: Bucket, name: string): Promise<{ cancels: boolean; text: string }> {
  const report = await reportOn(store, name);
  if (report !== undefined && hasEnded(report)) return { cancels: false, text: `has ended ${report.status}` };
  if (report !== undefined && !CANCELLABLE.includes(report.status)) {
    return {
      cancels: false,
      text: `is too late to cancel: all of its records have ended, and it is ${report.status}`,
    };
  }
  const { batchId } = await find(store, name);
  await s3BatchFiles(store.s3, store.bucket).put(keysOfName(name).cancel, `${batchId}\n`, 'text/plain');
  return { cancels: true, text: 'will be cancelled: what has not been called yet never will be' };
}

/** Writes the lines of the output, which may be much larger than memory. */
export async function downloadAnswers(
  store: Bucket,
  name: string,
  target: NodeJS.WritableStream,
): Promise<void> {
  const { output } = await find(store, name);
  const { Body } = await store.s3.send(new GetObjectCommand({ Bucket: store.bucket, Key: output }));
  await pipeline(Body as Readable, target, { end: target !== process.stdout });
}

export function describeBatch(name: string, report: BatchReport | undefined): string {
  if (report === undefined) return `${name}  not begun yet`;
  const {
    status,
    problem,
    totalRecordCount: total,
    processedRecordCount: ended,
    errorRecordCount: errors,
  } = report;
  if (total === undefined) return `${name}  ${status}  ${problem}`;
  return `${name}  ${status}  ${ended} of ${total} records have ended, ${errors} of them with an error`;
}
