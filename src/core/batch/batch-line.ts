/** One line of a batch file: the message that it becomes, and the line that answers it. */
import * as z from 'zod';
import { shortTextBytes } from '../request/abridged.ts';
import { findUnfit } from '../request/json-limits.ts';
import { JsonText } from '../request/json-text.ts';
import { fields } from '../request/message-schema.ts';
import { describeProblems, givenTwice, type Problem } from '../request/problem.ts';
import { parseWith } from '../request/problems.ts';
import { RECORD_ONLY, type RequestError } from '../request/record.ts';
import { jsonObject } from '../request/schema-parts.ts';
import type { Batch } from './batch.ts';
import { errorCodeOf } from './error-codes.ts';
import { type FileLine, MAX_LINE_BYTES } from './file-lines.ts';

const record = z.strictObject({ recordId: fields.record_id.optional(), modelInput: jsonObject });
/** A line with two of one kind may have a member twice. To look only at those saves the time for all others. */
const MEMBERS = ['"recordId"', '"modelInput"'];

/**
 * Text in short pieces takes up to a hundred times its size of memory while it is read, and the batch function has 1,024 MB. It reads a
 * section of the file beside it.
 */
export const MAX_SHORT_TEXT_BYTES = 4_000_000;

/** A line that is a record. */
export interface BatchRecord {
  /** Of the line. */
  number: number;
  /** The line's own text, without blanks around it. */
  text: string;
  recordId?: string;
}

/** A line that is not a record, and why. */
export interface BadLine {
  number: number;
  recordId?: string;
  problem: string;
}

export type LineReading = BatchRecord | BadLine;

export function isRecord(reading: LineReading): reading is BatchRecord {
  return !('problem' in reading);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Undefined for a blank line. */
export function readLine({ number, bytes }: FileLine): LineReading | undefined {
  if (bytes === undefined) return { number, problem: `the line has more than ${MAX_LINE_BYTES} bytes` };
  let text: string;
  try {
    text = utf8.decode(bytes).trim();
  } catch {
    return { number, problem: 'the line is not UTF-8' };
  }
  if (text === '') return undefined;
  if (bytes.length > MAX_SHORT_TEXT_BYTES && shortTextBytes(bytes) > MAX_SHORT_TEXT_BYTES) {
    const most = `${MAX_SHORT_TEXT_BYTES} bytes beside its strings of more than 1 KB`;
    return { number, problem: `the line has more than ${most}` };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { number, problem: 'the line is not JSON' };
  }
  const unfit = findUnfit(value) ?? repeatedIn(text);
  const parsed = unfit === undefined ? parseWith(record, value) : { problems: [unfit] };
  if ('data' in parsed) return { number, text, recordId: parsed.data.recordId };
  const { recordId } = Object(value) as { recordId?: unknown };
  // A number is repeated as it was written, so that its sender finds it.
  const isNumber = unfit === undefined && typeof recordId === 'number';
  const asText = isNumber ? new JsonText(text).at(['recordId']) : recordId;
  return {
    number,
    problem: describeProblems(parsed.problems),
    ...(typeof asText === 'string' && { recordId: asText }),
  };
}

function repeatedIn(text: string): Problem | undefined {
  if (!MEMBERS.some((name) => text.indexOf(name) !== text.lastIndexOf(name))) return undefined;
  const repeated = new JsonText(text).repeatedMember();
  return repeated && givenTwice(repeated);
}

/**
 * The input message of a record. It contains the record's own text. Its result stays in the table, and the output is made from
 * there.
 */
export function messageOf({ options, deadline_at }: Batch, { text }: BatchRecord): string {
  const { model_invocation_type: type, ...common } = options;
  const deadline = new Date(deadline_at).toISOString();
  const envelope = JSON.stringify({ ...common, deadline, results: RECORD_ONLY });
  const call = type === 'Converse' ? `"converse":${new JsonText(text).at(['modelInput'])}}` : text.slice(1);
  return `${envelope.slice(0, -1)},${call}`;
}

/** The output line of an answer. `output` is JSON text. */
export function answered(line: BatchRecord, output: string): string {
  return withMember(line, `"modelOutput":${output}`);
}

/** The output line of a record that has no answer. */
export function refused(line: LineReading, { type, message }: RequestError): string {
  const error = { errorCode: errorCodeOf(type), errorMessage: `${type}: ${message}` };
  if (isRecord(line)) return withMember(line, `"error":${JSON.stringify(error)}`);
  return JSON.stringify({ recordId: line.recordId ?? substituteId(line), modelInput: null, error });
}

/** The record exactly as it was written, with one more member. */
function withMember(line: BatchRecord, member: string): string {
  const id = line.recordId === undefined ? `"recordId":"${substituteId(line)}",` : '';
  return `{${id}${line.text.slice(1, -1).trim()},${member}}`;
}

/** A record without an id is given one, as Bedrock does. Ours says the number of the line. */
function substituteId({ number }: LineReading): string {
  return `LINE${String(number).padStart(7, '0')}`;
}
