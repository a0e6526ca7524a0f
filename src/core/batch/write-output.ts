import { requestError } from '../request/error-types.ts';
import { PayloadMissingError } from '../request/errors.ts';
import type { Output } from '../request/record.ts';
import { type Batch, type Counts, NO_COUNTS, outputKeys } from './batch.ts';
import { answered, isRecord, refused } from './batch-line.ts';
import { UploadLostError } from './errors.ts';
import { type Position, START } from './file-lines.ts';
import { counted, type KnownLine, knownSection, type LineOutcome } from './outcomes.ts';
import { restOf, type Step, type StepPorts } from './step.ts';

/** Large answers that are fetched at once. */
const FETCHES = 10;
export const JSON_LINES = 'application/jsonl';

interface Part {
  body: Buffer;
  end: Position;
  isLast: boolean;
  written: Counts;
}

/**
 * Writes the next part of the output. Where a part ends depends only on the outcomes, which do not change any more, so
 * writing a part again writes the same. An output that fits into one part is a single object without an upload in parts.
 */
export async function writePart(ports: StepPorts, batch: Batch): Promise<Step> {
  const { files, clock, log } = ports;
  const part = await composed(ports, batch);
  // A record that had ended is missing, for example because an operator deleted it. It is treated like one that is late.
  if (part === undefined) return { progress: {}, restMs: restOf(batch, clock.now()) };
  const { body, end: position, isLast, written } = part;
  const key = outputKeys(batch).output;
  if (isLast && batch.upload === undefined) {
    await files.put(key, body, JSON_LINES);
    return { progress: { status: 'CLOSING', position, written } };
  }
  try {
    const { id, etags } = batch.upload ?? { id: await files.beginUpload(key), etags: [] };
    const etag = await files.uploadPart(key, id, etags.length + 1, body);
    const upload = { id, etags: [...etags, etag] };
    if (!isLast) return { progress: { position, written, upload } };
    await files.completeUpload(key, upload);
    return { progress: { status: 'CLOSING', position, written, upload: undefined } };
  } catch (error) {
    if (!(error instanceof UploadLostError)) throw error;
    log('batch.upload_lost', { batch_id: batch.batch_id });
    return { progress: { position: START, written: NO_COUNTS, upload: undefined } };
  }
}

/** Undefined when an outcome is not known. */
async function composed(ports: StepPorts, batch: Batch): Promise<Part | undefined> {
  const lines: Buffer[] = [];
  let { position, written } = batch;
  let bytes = 0;
  for (;;) {
    const { lines: known, end, isLast } = await knownSection(ports, batch, position);
    for (let from = 0; from < known.length; from += FETCHES) {
      const group = known.slice(from, from + FETCHES);
      const outputs = await Promise.all(group.map((line) => outputLine(ports, line)));
      for (const [index, { next }] of group.entries()) {
        const output = outputs[index];
        if (output === undefined) return undefined;
        const line = Buffer.from(`${output.text}\n`);
        lines.push(line);
        bytes += line.length;
        written = counted(written, output.outcome);
        if (bytes < ports.sizes.partBytes || next.offset >= batch.bytes) continue;
        return { body: Buffer.concat(lines), end: next, isLast: false, written };
      }
    }
    position = end;
    if (isLast) return { body: Buffer.concat(lines), end, isLast, written };
  }
}

async function outputLine(
  { payloads }: StepPorts,
  { reading, outcome }: KnownLine,
): Promise<{ text: string; outcome: LineOutcome } | undefined> {
  if (outcome === undefined) return undefined;
  if ('error' in outcome || !isRecord(reading)) {
    if (!('error' in outcome)) throw new Error(`Line ${reading.number} is no record and has an answer`);
    return { text: refused(reading, outcome.error), outcome };
  }
  const text = await textOf(outcome.output, payloads);
  if (text !== undefined) return { text: answered(reading, text), outcome };
  const error = requestError('PayloadMissing', 'The stored answer has expired or was deleted');
  return { text: refused(reading, error), outcome: { error } };
}

async function textOf(output: Output, payloads: StepPorts['payloads']): Promise<string | undefined> {
  if ('body' in output) return JSON.stringify(output.body);
  try {
    return new TextDecoder().decode(await payloads.get(output.key));
  } catch (error) {
    if (error instanceof PayloadMissingError) return undefined;
    throw error;
  }
}
