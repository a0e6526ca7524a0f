/**
 * Groups requests that nobody labelled by what they share, because answers to the same instructions are of similar size:
 * how the prompt begins, tools, answer format and what the producer set for the output.
 */
import { at } from './json.ts';
import { sha256 } from './keys.ts';
import { requestedOutput } from './max-tokens.ts';
import type { RequestRecord } from './record.ts';
import type { Request } from './request.ts';

/** What comes later in a prompt differs from one request to the next. Characters. */
const OPENING = 64;
/** No producer's label begins with it. */
const MARK = '~';
/** Of a hash: 256 groups, so that prompts which all differ do not make names without end in the lane's reports. */
const HEX_DIGITS = 2;
/** Beside the prompt: what decides about the answer's form, by the names that Converse and bodies have for it. */
const FORM = [
  'toolConfig',
  'tools',
  'tool_choice',
  'outputConfig',
  'output_config',
  'output_format',
  'response_format',
];
/** Fields of a message that come before its text and are no text. */
const NOT_TEXT = new Set(['role', 'type', 'cache_control', 'cachePoint']);

/** A name for the group of a request without a `task`. */
export function groupOf({ model_id, call }: Pick<Request, 'model_id' | 'call'>): string {
  const fields = call.operation === 'converse' ? call.converse : call.invoke_model.body;
  return groupName(
    model_id,
    openingOf(at(fields, ['system']) ?? at(fields, ['messages']) ?? fields),
    FORM.map((name) => at(fields, [name])),
    requestedOutput(model_id, model_id, call),
  );
}

/** The group of everything that shares these features. */
export function groupName(...features: unknown[]): string {
  return MARK + sha256(JSON.stringify(features, textOfBigInt)).slice(0, HEX_DIGITS);
}

/** The producer's label of a record; undefined where we grouped it ourselves. */
export function taskOf({ task }: Pick<RequestRecord, 'task'>): string | undefined {
  return task?.startsWith(MARK) ? undefined : task;
}

function textOfBigInt(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** How the first text in it begins. */
function openingOf(value: unknown): string {
  return firstText(value)?.slice(0, OPENING) ?? '';
}

function firstText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const text = NOT_TEXT.has(name) ? undefined : firstText(inner);
    if (text !== undefined) return text;
  }
  return undefined;
}
