/** Reads an input message: what the producer wrote becomes one normal request, or problems that name their fields. */
import { guardrailArnProblem, type Home, modelArnProblem } from './arns.ts';
import { envelopeProblem } from './envelopes.ts';
import type { Payload } from './hold-message.ts';
import { at, isObject, withoutByteOrderMark } from './json.ts';
import { findUnfit, type Problem } from './json-limits.ts';
import { requestedOutput } from './max-tokens.ts';
import { cancellation, FORMS, type Form, fields, formless, type Pointer, pointer } from './message-schema.ts';
import { knownAs, type Profiles } from './model-id.ts';
import { describe, problemsOf } from './problems.ts';
import { DEFAULT_PRIORITY, DEFAULT_TENANT, RECORD_ONLY } from './record.ts';
import type { Request } from './request.ts';

/** Bedrock's limit of an InvokeModel body. */
export const MAX_BODY_BYTES = 25_000_000;

const GUARDRAIL_PATHS = [
  ['converse', 'guardrailConfig', 'guardrailIdentifier'],
  ['invoke_model', 'guardrailIdentifier'],
];

/** What a rejection can still echo. */
export type Usable = Partial<
  Pick<Request, 'request_id' | 'record_id' | 'model_id' | 'priority' | 'tenant' | 'results' | 'metadata'>
>;

export type Reading =
  | { kind: 'request'; request: Request }
  | { kind: 'pointer'; pointer: Pointer; usable: Usable }
  | { kind: 'cancellation'; requestId: string }
  | { kind: 'invalid'; problems: Problem[]; usable: Usable };

export interface MessageLimits {
  /** The longest wait that the payload outlives. */
  longestWaitSeconds: number;
  /** What application inference profiles were made from. */
  profiles?: Profiles;
  /** Results queues of their own. Absent where they are not known: then any name passes. */
  resultsQueues?: readonly string[];
  /** Absent where it is not known: then ARNs of any account and Region pass. */
  home?: Home;
}

/** `text` is a queue message's body, or the object that a pointer named. Never throws. */
export function readMessage(text: string, limits: MessageLimits): Reading {
  let value: unknown;
  try {
    value = JSON.parse(withoutByteOrderMark(text));
  } catch {
    const came = `text of ${text.length} characters that is not JSON`;
    return { kind: 'invalid', problems: [{ path: [], expected: 'JSON', came }], usable: {} };
  }
  return readValue(spellOut(value), limits);
}

function readValue(value: unknown, limits: MessageLimits): Reading {
  const unfit = findUnfit(value);
  if (unfit !== undefined) {
    const usable = isObject(value) ? usableOf({ ...value, metadata: undefined }, limits) : {};
    return { kind: 'invalid', problems: [unfit], usable };
  }
  if (!isObject(value)) {
    const problem = { path: [], expected: 'an object', came: describe(value) };
    return { kind: 'invalid', problems: [problem], usable: {} };
  }
  if ('s3' in value) {
    const parsed = pointer.safeParse(value);
    const { results } = usableOf(value, limits);
    const usable = results === undefined ? {} : { results };
    if (!parsed.success) return { kind: 'invalid', problems: problemsOf(parsed.error, value), usable };
    const problems = destinationProblems(parsed.data.results, limits);
    if (problems.length > 0) return { kind: 'invalid', problems, usable };
    return { kind: 'pointer', pointer: parsed.data.s3, usable };
  }
  if ('cancel' in value) {
    const parsed = cancellation.safeParse(value);
    if (parsed.success) return { kind: 'cancellation', requestId: parsed.data.cancel };
    return { kind: 'invalid', problems: problemsOf(parsed.error, value), usable: {} };
  }
  const parsed = parseForm(value);
  const problems = 'problems' in parsed ? parsed.problems : limitProblems(parsed, limits);
  if ('problems' in parsed || problems.length > 0) {
    return { kind: 'invalid', problems, usable: usableOf(value, limits) };
  }
  return { kind: 'request', request: parsed };
}

function parseForm(value: Record<string, unknown>): Request | { problems: Problem[] } {
  const names = Object.keys(FORMS) as Form[];
  const given = names.filter((name) => Object.hasOwn(value, name));
  const expected = `one of ${names.join(', ')}`;
  if (given.length > 1) return { problems: [{ path: [], expected, came: given.join(' and ') }] };
  switch (given[0]) {
    case 'converse': {
      const parsed = FORMS.converse.safeParse(value);
      if (!parsed.success) return { problems: problemsOf(parsed.error, value) };
      const { converse, ...envelope } = parsed.data;
      return normal(envelope, { v: 1, operation: 'converse', converse });
    }
    case 'messages': {
      const parsed = FORMS.messages.safeParse(value);
      if (!parsed.success) return { problems: problemsOf(parsed.error, value) };
      const { messages, system, ...envelope } = parsed.data;
      const converse = system === undefined ? { messages } : { messages, system };
      return normal(envelope, { v: 1, operation: 'converse', converse });
    }
    case 'invoke_model': {
      const parsed = FORMS.invoke_model.safeParse(value);
      if (!parsed.success) return { problems: problemsOf(parsed.error, value) };
      const { invoke_model, ...envelope } = parsed.data;
      return normal(envelope, { v: 1, operation: 'invoke_model', invoke_model });
    }
    case 'modelInput': {
      const parsed = FORMS.modelInput.safeParse(value);
      if (!parsed.success) return { problems: problemsOf(parsed.error, value) };
      const { modelInput: body, recordId, ...envelope } = parsed.data;
      const invoke_model = { body, content_type: 'application/json', accept: 'application/json' };
      const record = recordId === undefined ? {} : { record_id: recordId };
      return normal({ ...envelope, ...record }, { v: 1, operation: 'invoke_model', invoke_model });
    }
    default: {
      const wrapped = envelopeProblem(value);
      if (wrapped !== undefined) return { problems: [wrapped] };
      const rest = formless.safeParse(value);
      const problems = rest.success ? [] : problemsOf(rest.error, value);
      return { problems: [{ path: [], expected, came: 'none of them' }, ...problems] };
    }
  }
}

type Envelope = Omit<Request, 'call' | 'priority' | 'tenant' | 'accept_truncated'> & Usable;

function normal(
  { accept_truncated, ...envelope }: Envelope & { accept_truncated?: boolean },
  call: Payload,
): Request {
  return {
    ...envelope,
    ...(accept_truncated && { accept_truncated }),
    priority: envelope.priority ?? DEFAULT_PRIORITY,
    tenant: envelope.tenant ?? DEFAULT_TENANT,
    call,
  };
}

/** Limits that a schema of the message alone cannot know. */
function limitProblems(request: Request, limits: MessageLimits): Problem[] {
  const { longestWaitSeconds, profiles, home } = limits;
  const problems = home === undefined ? [] : arnProblems(request, home, profiles);
  problems.push(...destinationProblems(request.results, limits));
  const { call, max_wait_seconds: wait } = request;
  if (wait !== undefined && wait > longestWaitSeconds) {
    const expected = `at most ${longestWaitSeconds} (how long payloads are kept, less a day)`;
    problems.push({ path: ['max_wait_seconds'], expected, came: String(wait) });
  }
  if (wait !== undefined && request.deadline !== undefined) {
    const expected = 'no deadline beside max_wait_seconds';
    problems.push({ path: ['deadline'], expected, came: request.deadline });
  }
  if (call.operation === 'converse') {
    // A stored prompt brings its own messages.
    if (call.converse.messages === undefined && !request.model_id.includes(':prompt/')) {
      problems.push({ path: ['converse', 'messages'], expected: 'a list', came: 'nothing' });
    }
  } else {
    const bytes = Buffer.byteLength(JSON.stringify(call.invoke_model.body));
    if (bytes > MAX_BODY_BYTES) {
      problems.push({ path: ['body'], expected: `at most ${MAX_BODY_BYTES} bytes`, came: String(bytes) });
    }
  }
  // A reservation is counted from it.
  const { maxTokens } = requestedOutput(request.model_id, knownAs(request.model_id, profiles), call);
  if (typeof maxTokens === 'number' && !(Number.isSafeInteger(maxTokens) && maxTokens >= 0)) {
    problems.push({
      path: ['body'],
      expected: 'max tokens as a whole number from 0',
      came: String(maxTokens),
    });
  }
  return problems;
}

function destinationProblems(results: string | undefined, { resultsQueues }: MessageLimits): Problem[] {
  if (results === undefined || results === RECORD_ONLY || resultsQueues === undefined) return [];
  if (resultsQueues.includes(results)) return [];
  const queues =
    resultsQueues.length === 0
      ? 'the stack has no results queues by name: see its variable results_queues'
      : `or a results queue: ${resultsQueues.join(', ')}`;
  return [{ path: ['results'], expected: `${RECORD_ONLY} (${queues})`, came: results }];
}

/** A profile that the operator has named is taken as it is. */
function arnProblems({ model_id, call }: Request, home: Home, profiles: Profiles = {}): Problem[] {
  const problems = [
    Object.hasOwn(profiles, model_id) ? undefined : modelArnProblem(model_id, home),
    ...GUARDRAIL_PATHS.map((path) => guardrailArnProblem(path, at(call, path), home)),
  ];
  return problems.filter((problem) => problem !== undefined);
}

/** The shorthands: text in place of a list of blocks, JSON text in place of a body. */
function spellOut(value: unknown): unknown {
  if (!isObject(value)) return value;
  const full = { ...value };
  if (typeof value.system === 'string') full.system = [{ text: value.system }];
  if (Array.isArray(value.messages)) full.messages = value.messages.map(withBlocks);
  const body = at(value, ['invoke_model', 'body']);
  if (isObject(value.invoke_model) && typeof body === 'string') {
    full.invoke_model = { ...value.invoke_model, body: parsedOr(body) };
  }
  return full;
}

function withBlocks(message: unknown): unknown {
  const isShort = isObject(message) && typeof message.content === 'string';
  return isShort ? { ...message, content: [{ text: message.content }] } : message;
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function usableOf(value: Record<string, unknown>, limits: MessageLimits): Usable {
  const candidates = { ...value, record_id: value.recordId };
  const usable = Object.entries(fields).flatMap(([name, schema]) => {
    const parsed = schema.safeParse(candidates[name as keyof typeof candidates]);
    return parsed.success && parsed.data !== undefined ? [[name, parsed.data]] : [];
  });
  const { results, ...others }: Usable = Object.fromEntries(usable);
  return destinationProblems(results, limits).length > 0 || results === undefined
    ? others
    : { ...others, results };
}
