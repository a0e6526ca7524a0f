/** The ways to write a request become one: an envelope and a call, whose text stays the producer's own. */
import { envelopeProblem } from './envelopes.ts';
import { at, isObject } from './json.ts';
import { JsonText } from './json-text.ts';
import { FORMS, type Form, formless, type IF_TOO_LATE, MESSAGES } from './message-schema.ts';
import type { Call, Payload } from './payload.ts';
import { givenTwice, type Problem } from './problem.ts';
import { parseWith } from './problems.ts';
import type { Request } from './request.ts';

/** What the producer said beside the call. */
export type Envelope = Omit<
  Request,
  'call' | 'body' | 'priority' | 'tenant' | 'accept_truncated' | 'if_too_late'
> & {
  priority?: Request['priority'];
  tenant?: string;
  accept_truncated?: boolean;
  if_too_late?: (typeof IF_TOO_LATE)[number];
};

export interface Written extends Call {
  envelope: Envelope;
  /** Where in the message the call's body is. */
  bodyPath: readonly string[];
}

/**
 * @param message with its shorthands spelled out
 * @param text the same as it was written
 */
export function readForm(
  message: Record<string, unknown>,
  text: JsonText,
): Written | { problems: Problem[] } {
  const names = Object.keys(FORMS) as Form[];
  const given = names.filter((name) => Object.hasOwn(message, name));
  const [form] = given;
  if (form === undefined) return { problems: formlessProblems(message, names) };
  if (given.length > 1) {
    const problem = `must have only one of ${names.join(', ')}, has ${given.join(' and ')}`;
    return { problems: [{ path: [], text: problem }] };
  }
  return READERS[form](message, text);
}

const KNOWN = new Set(Object.values(MESSAGES).flatMap(({ shape }) => Object.keys(shape)));

/** What belongs to other messages than those of this field is known as well, and only misplaced. */
export function besides(field: keyof typeof MESSAGES): (name: string) => string | undefined {
  return (name) => (KNOWN.has(name) ? `must not be given beside ${field}` : undefined);
}

type Reader = (message: Record<string, unknown>, text: JsonText) => Written | { problems: Problem[] };

const READERS: Record<Form, Reader> = {
  converse(message, text) {
    const parsed = parseWith(FORMS.converse, message, besides('converse'));
    if ('problems' in parsed) return parsed;
    const { converse, ...envelope } = parsed.data;
    const bodyPath = ['converse'];
    return {
      envelope,
      bodyPath,
      payload: { v: 1, operation: 'converse', converse },
      body: textAt(text, bodyPath),
    };
  },
  messages(message, text) {
    const parsed = parseWith(FORMS.messages, message, besides('messages'));
    if ('problems' in parsed) return parsed;
    const { messages, system, ...envelope } = parsed.data;
    const converse = system === undefined ? { messages } : { messages, system };
    const payload: Payload = { v: 1, operation: 'converse', converse };
    return { envelope, bodyPath: [], payload, body: shorthandText(text) };
  },
  invoke_model(message, text) {
    const parsed = parseWith(FORMS.invoke_model, message, besides('invoke_model'));
    if ('problems' in parsed) return parsed;
    const { invoke_model, ...envelope } = parsed.data;
    const bodyPath = ['invoke_model', 'body'];
    const written = textAt(text, bodyPath);
    const body: string = isText(written) ? JSON.parse(written) : written;
    const repeated = isText(written) ? new JsonText(body).repeatedMember() : undefined;
    if (repeated) return { problems: [givenTwice([...bodyPath, ...repeated])] };
    return { envelope, bodyPath, payload: { v: 1, operation: 'invoke_model', invoke_model }, body };
  },
  modelInput(message, text) {
    const parsed = parseWith(FORMS.modelInput, message, besides('modelInput'));
    if ('problems' in parsed) return parsed;
    const { modelInput: body, recordId: record_id, ...envelope } = parsed.data;
    const bodyPath = ['modelInput'];
    const invoke_model = { body, content_type: 'application/json', accept: 'application/json' };
    return {
      envelope: { ...envelope, ...(record_id !== undefined && { record_id }) },
      bodyPath,
      payload: { v: 1, operation: 'invoke_model', invoke_model },
      body: textAt(text, bodyPath),
    };
  },
};

function formlessProblems(message: Record<string, unknown>, names: readonly Form[]): Problem[] {
  const wrapped = envelopeProblem(message);
  if (wrapped !== undefined) return [wrapped];
  const rest = parseWith(formless, message);
  const none = { path: [], text: `must have one of ${names.join(', ')}, has none of them` };
  return [none, ...('problems' in rest ? rest.problems : [])];
}

/** Text in place of a list of blocks, JSON text in place of a body: as an object. */
export function spellOut(message: unknown, parse: (text: string) => unknown): unknown {
  if (!isObject(message)) return message;
  const full = { ...message };
  if (typeof message.system === 'string') full.system = [{ text: message.system }];
  if (Array.isArray(message.messages)) full.messages = message.messages.map(withBlocks);
  const body = at(message, ['invoke_model', 'body']);
  if (isObject(message.invoke_model) && typeof body === 'string') {
    const parsed = parse(body);
    if (isObject(parsed)) full.invoke_model = { ...message.invoke_model, body: parsed };
  }
  return full;
}

function withBlocks(message: unknown): unknown {
  const isShort = isObject(message) && typeof message.content === 'string';
  return isShort ? { ...message, content: [{ text: message.content }] } : message;
}

/** The same as text, for a message that has been found to be right. */
function shorthandText(text: JsonText): string {
  const messages = text.itemsWith(['messages'], 'content', blocksText);
  const system = text.at(['system']);
  const rest = system === undefined ? '' : `,"system":${blocksText(system) ?? system}`;
  return `{"messages":[${messages.join(',')}]${rest}}`;
}

/** Undefined for what is not text. */
function blocksText(json: string): string | undefined {
  return isText(json) ? `[{"text":${json}}]` : undefined;
}

function isText(json: string): boolean {
  return json.startsWith('"');
}

function textAt(text: JsonText, path: readonly string[]): string {
  const found = text.at(path);
  if (found === undefined) throw new Error(`Nothing at ${path.join('.')}`);
  return found;
}
