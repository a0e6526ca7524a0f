import { type Batch, requestIdOf } from './batch.ts';
import { isRecord, messageOf, readLine } from './batch-line.ts';
import { nextSection } from './file-lines.ts';
import { fileOf } from './outcomes.ts';
import { cancelling, type Step, type StepPorts, waiting } from './step.ts';

/** At most this much of the file, and the rest of the last line, becomes requests at once: they are all in memory as objects. */
const BYTES = 2 * 1024 * 1024;
/** What ingestion could not handle comes again after this long. */
const RETRY_MS = 5_000;

/**
 * Makes requests of the next lines, as ingestion makes them of messages. The message's id is made of the line's number, so a
 * line that is taken in twice is one request, and a refusal can be found by the same id.
 */
export async function takeIn({ files, ingest, clock, sizes }: StepPorts, batch: Batch): Promise<Step> {
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
    const { number: line, offset } = firstFailed;
    const records = batch.records + read.filter(({ number }) => number < line).length;
    return { progress: { position: { line, offset }, records }, restMs: RETRY_MS };
  }
  const taken = { position: section.end, records: batch.records + read.length };
  if (!section.isLast) return { progress: taken };
  return { progress: { ...taken, ...waiting({ ...batch, ...taken }).progress } };
}
