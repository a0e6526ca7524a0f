import type { IncomingMessage } from '../ingestion/incoming.ts';
import { type Rejection, rejectedRecord } from '../ingestion/rejected-record.ts';
import { RECORD_ONLY, type RequestError } from '../request/record.ts';
import { type Batch, requestIdOf } from './batch.ts';
import { isRecord, messageOf, readLine } from './batch-line.ts';
import { nextSection } from './file-lines.ts';
import { fileOf } from './outcomes.ts';
import { cancelling, type Step, type StepPorts, waiting } from './step.ts';

/** At most this much of the file, and the rest of the last line, becomes requests at once: they are all in memory as objects. */
const BYTES = 2 * 1024 * 1024;
/** What ingestion could not handle comes again after this long, then after twice as long, and so on. */
const RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 60_000;
/** A line that fails so often in a row is answered with an error. In ten minutes most faults that are not the line's own are over. */
const MOST_TRIES = 13;

/**
 * Makes requests of the next lines, as ingestion makes them of messages. The message's id is made of the line's number, so a
 * line that is taken in twice is one request, and a refusal can be found by the same id.
 */
export async function takeIn(ports: StepPorts, batch: Batch): Promise<Step> {
  const { files, ingest, clock, sizes } = ports;
  if (batch.cancel_requested_at !== undefined) return cancelling(batch);
  const now = clock.now();
  if (now >= batch.deadline_at) return waiting(batch);
  const most = { lines: sizes.lines, bytes: BYTES };
  const section = await nextSection(fileOf(files, batch), batch.position, most);
  const read = section.lines.flatMap((line) => readLine(line) ?? []);
  const messages = read.filter(isRecord).map((record) => ({
    id: requestIdOf(batch, record.number),
    body: messageOf(batch, record),
    sentAt: now,
    receiveCount: 1,
  }));
  const failed = await ingest(messages);
  const firstFailed = section.lines.find(({ number }) => failed.includes(requestIdOf(batch, number)));
  if (firstFailed !== undefined) {
    const { number: line, offset, next } = firstFailed;
    const records = batch.records + read.filter(({ number }) => number < line).length;
    const times = (batch.failing?.line === line ? batch.failing.times : 0) + 1;
    const message = messages.find(({ id }) => id === requestIdOf(batch, line));
    if (times >= MOST_TRIES && message !== undefined && (await refuse(ports, message, times))) {
      return { progress: { position: next, records: records + 1 } };
    }
    const restMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (times - 1));
    return { progress: { position: { line, offset }, records, failing: { line, times } }, restMs };
  }
  const taken = { position: section.end, records: batch.records + read.length };
  if (!section.isLast) return { progress: taken };
  return { progress: { ...taken, ...waiting({ ...batch, ...taken }).progress } };
}

/** Whether the line is answered with an error now. Not where its request exists: then what failed is not the line's own fault. */
async function refuse(
  { records, clock, log }: Pick<StepPorts, 'records' | 'clock' | 'log'>,
  message: IncomingMessage,
  times: number,
): Promise<boolean> {
  const { id } = message;
  if ((await records.read(id)) !== undefined) return false;
  const error: RequestError = {
    type: 'IngestionFailed',
    message: `It could not be taken in, ${times} times in a row. The batch function's log says why`,
  };
  const refusal: Rejection = { error, resultId: id, usable: { results: RECORD_ONLY } };
  await records.create(rejectedRecord(message, refusal, clock.now()));
  log('batch.line_refused', { message_id: id, times });
  return true;
}
