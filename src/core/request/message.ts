/** Reads an input message: what the producer wrote becomes one normal request, or problems that name their fields. */
import { guardrailArnProblem, type Home, modelArnProblem } from './arns.ts';
import { at, isObject, parseJson, withoutByteOrderMark } from './json.ts';
import { findUnfit, hasUnsafeInteger } from './json-limits.ts';
import { howNotJson, JsonText } from './json-text.ts';
import { requestedOutput } from './max-tokens.ts';
import { besides, readForm, spellOut, type Written } from './message-forms.ts';
import { fields, MESSAGES, type Pointer } from './message-schema.ts';
import { isStoredPrompt, knownAs, type Profiles, profileOfTenant, type TenantProfiles } from './model-id.ts';
import { describe, givenTwice, missing, mustBe, type Problem } from './problem.ts';
import { parseWith } from './problems.ts';
import { DEFAULT_PRIORITY, DEFAULT_TENANT, RECORD_ONLY } from './record.ts';
import type { Request } from './request.ts';

/** Bedrock's limit of an InvokeModel body. */
const MAX_BODY_BYTES = 25_000_000;

const GUARDRAIL_PATHS = [
  ['converse', 'guardrailConfig', 'guardrailIdentifier'],
  ['invoke_model', 'guardrailIdentifier'],
];

/** What a rejection can still repeat. */
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
  /** Through which of them a tenant's calls go. */
  tenantProfiles?: TenantProfiles;
  /** Results queues of their own. Absent where they are not known: then any name passes. */
  resultsQueues?: readonly string[];
  /** Absent where it is not known: then ARNs of any account and Region pass. */
  home?: Home;
}

/** `text` is a queue message's body, or the object that a pointer named. Never throws. */
export function readMessage(text: string, limits: MessageLimits): Reading {
  const json = withoutByteOrderMark(text);
  const message = spellOut(parseJson(json), parseJson);
  if (message === undefined) {
    return invalid([mustBe([], 'JSON', `text of ${text.length} characters that ${howNotJson(json)}`)]);
  }
  const unfit = findUnfit(message);
  if (unfit !== undefined) {
    return invalid([unfit], isObject(message) ? usableOf({ ...message, metadata: undefined }, limits) : {});
  }
  if (!isObject(message)) return invalid([mustBe([], 'an object', describe(message))]);
  if ('s3' in message) return readPointer(message, limits);
  if ('cancel' in message) {
    const parsed = parseWith(MESSAGES.cancel, message, besides('cancel'));
    return 'problems' in parsed
      ? invalid(parsed.problems)
      : { kind: 'cancellation', requestId: parsed.data.cancel };
  }
  return readRequest(new JsonText(json), message, limits);
}

function readPointer(message: Record<string, unknown>, limits: MessageLimits): Reading {
  const { results } = usableOf(message, limits);
  const usable = results === undefined ? {} : { results };
  const parsed = parseWith(MESSAGES.s3, message, besides('s3'));
  if ('problems' in parsed) return invalid(parsed.problems, usable);
  const problems = destinationProblems(parsed.data.results, limits);
  if (problems.length > 0) return invalid(problems, usable);
  return { kind: 'pointer', pointer: parsed.data.s3, usable };
}

/** @param rounded the message, as JSON.parse reads it */
function readRequest(text: JsonText, rounded: Record<string, unknown>, limits: MessageLimits): Reading {
  const message = hasUnsafeInteger(rounded)
    ? (spellOut(text.exactValue(), exactJson) as Record<string, unknown>)
    : rounded;
  const usable = usableOf(message, limits);
  const repeated = text.repeatedMember();
  if (repeated !== undefined) return invalid([givenTwice(repeated)], usable);
  const written = readForm(message, text);
  if ('problems' in written) return invalid(written.problems, usable);
  const problems = limitProblems(written, limits);
  return problems.length > 0 ? invalid(problems, usable) : { kind: 'request', request: requestOf(written) };
}

/** Undefined for what is not JSON. */
function exactJson(text: string): unknown {
  return parseJson(text) === undefined ? undefined : new JsonText(text).exactValue();
}

function invalid(problems: Problem[], usable: Usable = {}): Reading {
  return { kind: 'invalid', problems, usable };
}

function requestOf({ envelope, payload, body }: Written): Request {
  const { accept_truncated, if_too_late, ...rest } = envelope;
  return {
    ...rest,
    ...(accept_truncated && { accept_truncated }),
    ...(if_too_late === 'refuse' && { if_too_late }),
    priority: envelope.priority ?? DEFAULT_PRIORITY,
    tenant: envelope.tenant ?? DEFAULT_TENANT,
    call: payload,
    body,
  };
}

/** Limits that a schema of the message alone cannot know. */
function limitProblems(written: Written, limits: MessageLimits): Problem[] {
  const { longestWaitSeconds, profiles, tenantProfiles, home } = limits;
  const { envelope, payload, body, bodyPath } = written;
  const { model_id, max_wait_seconds: wait, deadline } = envelope;
  const problems = home === undefined ? [] : arnProblems(written, home, profiles);
  problems.push(...destinationProblems(envelope.results, limits));
  const ownProfile = profileOfTenant(envelope.tenant ?? DEFAULT_TENANT, model_id, tenantProfiles);
  const profileProblem = home && ownProfile && modelArnProblem(ownProfile, home);
  if (profileProblem) {
    const text = `its inference profile for ${model_id} (variable tenant_inference_profiles) ${profileProblem.text}`;
    problems.push({ path: ['tenant'], text });
  }
  if (wait !== undefined && wait > longestWaitSeconds) {
    const expected = `at most ${longestWaitSeconds} (how long payloads are kept, less a day)`;
    problems.push(mustBe(['max_wait_seconds'], expected, String(wait)));
  }
  if (wait !== undefined && deadline !== undefined) {
    problems.push({ path: ['deadline'], text: 'must not be given beside max_wait_seconds' });
  }
  if (envelope.if_too_late !== undefined && wait === undefined && deadline === undefined) {
    problems.push({ path: ['if_too_late'], text: 'must be given beside max_wait_seconds or deadline only' });
  }
  // A stored prompt brings its own messages.
  if (payload.operation === 'converse' && !payload.converse.messages && !isStoredPrompt(model_id)) {
    problems.push(missing(['converse', 'messages']));
  }
  if (payload.operation === 'invoke_model') {
    const bytes = Buffer.byteLength(body);
    if (bytes > MAX_BODY_BYTES) {
      problems.push(mustBe(bodyPath, `at most ${MAX_BODY_BYTES} bytes`, String(bytes)));
    }
  }
  // A reservation is counted from it.
  const { maxTokens } = requestedOutput(model_id, knownAs(model_id, profiles), payload);
  if (typeof maxTokens === 'number' && !(Number.isSafeInteger(maxTokens) && maxTokens >= 0)) {
    const text = `max tokens must be a whole number from 0, got ${maxTokens}`;
    problems.push({ path: bodyPath, text });
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
  return [mustBe(['results'], `${RECORD_ONLY} (${queues})`, results)];
}

/** A profile that the operator has named is taken as it is. */
function arnProblems({ envelope, payload }: Written, home: Home, profiles: Profiles = {}): Problem[] {
  const { model_id } = envelope;
  const problems = [
    Object.hasOwn(profiles, model_id) ? undefined : modelArnProblem(model_id, home),
    ...GUARDRAIL_PATHS.map((path) => guardrailArnProblem(path, at(payload, path), home)),
  ];
  return problems.filter((problem) => problem !== undefined);
}

function usableOf(message: Record<string, unknown>, limits: MessageLimits): Usable {
  const candidates = { ...message, record_id: message.recordId };
  const usable = Object.entries(fields).flatMap(([name, schema]) => {
    const parsed = schema.safeParse(candidates[name as keyof typeof candidates]);
    return parsed.success && parsed.data !== undefined ? [[name, parsed.data]] : [];
  });
  const { results, ...others }: Usable = Object.fromEntries(usable);
  return destinationProblems(results, limits).length > 0 || results === undefined
    ? others
    : { ...others, results };
}
