/**
 * The input message: what producers put on the Input queue. Unknown fields are refused everywhere but inside what only
 * a model can judge. docs/schemas/input-message.schema.json is generated from here.
 */
import * as z from 'zod';
import { canonicalJson } from './canonical.ts';
import { converse, guardrail, latency, message, requestMetadata, systemBlock, tier } from './converse.ts';
import { contentBlock } from './converse-content.ts';
import { parseJson } from './json.ts';
import { hasUnsafeInteger } from './json-limits.ts';
import { howNotJson } from './json-text.ts';
import { describedBy } from './problems.ts';
import { PRIORITIES } from './record.ts';
import { jsonObject, stringOf, wholeNumber } from './schema-parts.ts';

/** Bytes of metadata as JSON. */
const MAX_METADATA_BYTES = 16 * 1024;

export const IF_TOO_LATE = ['accept', 'refuse'] as const;

const ID_CHARACTERS = /^[A-Za-z0-9][A-Za-z0-9._:@=+-]*$/;
const ID_EXPECTED = 'a letter or digit, then letters, digits and . _ : @ = + -';

/** What a result repeats of its request. A rejection repeats as much of it as is usable. */
export const fields = {
  request_id: stringOf(ID_CHARACTERS, 128, ID_EXPECTED).describe(
    'The idempotency key, and the id of the result. Without one, the id of the SQS message.',
  ),
  // Bedrock takes 2,048; the longest ids there are ARNs of some 150, and a lane's name is part of keys of 1,024 bytes.
  model_id: stringOf(/^[A-Za-z0-9][A-Za-z0-9._:/-]*$/, 512, 'a model id, profile id or ARN').describe(
    'Model id, inference profile id, or ARN.',
  ),
  priority: z
    .literal([...PRIORITIES], { error: `a whole number from ${PRIORITIES[0]} to ${PRIORITIES.at(-1)}` })
    .describe('1 is the most urgent. Default: 3. A weight, not an absolute order.'),
  tenant: stringOf(ID_CHARACTERS, 64, ID_EXPECTED).describe(
    'Who the request is for: tenants share a priority fairly. Default: "default".',
  ),
  record_id: z
    .string()
    .regex(/^[^\p{Cc}\p{Cs}]{1,256}$/u, { error: '1 to 256 characters without control characters' })
    .describe(
      'The id of a batch-inference record. The result repeats it; it is not the identity of the request.',
    ),
  results: stringOf(/^[a-z][a-z0-9-]*$/, 32, 'record, or the name of a results queue').describe(
    'Where the result goes: one of the results_queues by name, or "record" for no message at all: it is read from the table. Default: the shared results queue.',
  ),
  metadata: z
    .unknown()
    .refine((value) => jsonBytes(value) <= MAX_METADATA_BYTES, {
      error: `at most ${MAX_METADATA_BYTES} bytes of JSON`,
      params: describedBy((value) => `${jsonBytes(value)} bytes`),
    })
    .refine((value) => !hasUnsafeInteger(value), {
      error: 'integers within ±9007199254740991 (send larger ones as text)',
    })
    .describe(`Any JSON of at most ${MAX_METADATA_BYTES} bytes. The result repeats it.`),
};

/** What a request is known by. */
export const identity = z.strictObject({ request_id: fields.request_id });

export const envelope = {
  request_id: fields.request_id.optional(),
  model_id: fields.model_id,
  priority: fields.priority.optional(),
  tenant: fields.tenant.optional(),
  task: stringOf(ID_CHARACTERS, 64, ID_EXPECTED)
    .describe('A label for requests whose answers are of similar length. Estimates are learned by it.')
    .optional(),
  max_wait_seconds: wholeNumber(1)
    .describe(
      'The request expires when its call has not started after so many seconds. At most the payload retention less a day.',
    )
    .optional(),
  deadline: z.iso
    .datetime({ offset: true, error: 'an ISO 8601 time with its offset, such as 2026-11-22T18:30:00Z' })
    .describe('The same as a point in time, instead of max_wait_seconds. At most the longest wait counts.')
    .optional(),
  if_too_late: z
    .enum(IF_TOO_LATE)
    .describe(
      'What happens to a request that is not expected to start by its deadline: "accept" lets it wait until then, "refuse" answers at once with a REJECTED result. Needs max_wait_seconds or deadline. Default: "accept".',
    )
    .optional(),
  accept_truncated: z
    .boolean()
    .describe(
      'Where max tokens is left to the smoother: an answer that its choice has cut is delivered as it is, and the call does not run again. Default: false.',
    )
    .optional(),
  results: fields.results.optional(),
  metadata: fields.metadata.optional(),
};

const modelBody = jsonObject.describe('The body in the format of the model.');

/** Such a text is spelled out before the schema sees it (message-forms.ts). */
const orJsonText = z.record(z.string(), z.unknown(), {
  error: ({ input }) => {
    const isBroken = typeof input === 'string' && parseJson(input) === undefined;
    return `an object or its JSON text${isBroken ? ` (this text ${howNotJson(input)})` : ''}`;
  },
});
const textOrList: z.core.$ZodErrorMap = ({ code }) =>
  code === 'invalid_type' ? 'text or a list' : undefined;

/** The call in one of four forms, each known by its field. */
export const FORMS = {
  converse: z.strictObject({ ...envelope, converse }),
  invoke_model: z.strictObject({
    ...envelope,
    invoke_model: z.strictObject({
      body: orJsonText.meta({ type: ['object', 'string'], description: 'The body, or its JSON text.' }),
      content_type: z
        .string()
        .regex(/^application\/json([ \t]*;[\t\x20-\x7e]*)?$/, { error: 'application/json' })
        .default('application/json'),
      accept: stringOf(/^[\w.+*-]+\/[\w.+*-]+$/, 128, 'a media type').default('application/json'),
      guardrailIdentifier: guardrail.guardrailIdentifier,
      guardrailVersion: guardrail.guardrailVersion,
      trace: z.enum(['ENABLED', 'DISABLED', 'ENABLED_FULL']).optional(),
      performanceConfigLatency: latency.optional(),
      serviceTier: tier.optional(),
      requestMetadata: requestMetadata.optional(),
    }),
  }),
  messages: z.strictObject({
    ...envelope,
    messages: z
      .array(
        message.extend({
          content: z
            .array(contentBlock, { error: textOrList })
            .min(1)
            .meta({ type: ['array', 'string'] }),
        }),
      )
      .min(1),
    system: z
      .array(systemBlock, { error: textOrList })
      .meta({ type: ['array', 'string'] })
      .optional(),
  }),
  modelInput: z.strictObject({
    ...envelope,
    recordId: fields.record_id.optional(),
    modelInput: modelBody,
  }),
};
export type Form = keyof typeof FORMS;

/** A message without a call: the rest of it can be checked all the same. */
export const formless = z.strictObject({
  ...envelope,
  recordId: fields.record_id.optional(),
  system: z.unknown().optional(),
});

const INBOX_KEY = /^inbox(\/(?!\.{1,2}(\/|$))[^/]+)+$/;

const pointer = z.strictObject({
  s3: z
    .strictObject({
      bucket: z.string().min(3).max(63),
      key: stringOf(INBOX_KEY, 1024, 'a key below inbox/ without empty, . or .. segments'),
      version_id: z.string().min(1).max(1024).optional(),
    })
    .describe('An object of the calls bucket, below inbox/, that holds the message itself.'),
  results: fields.results
    .optional()
    .describe(
      'Where the refusal goes when the object holds no usable message. Otherwise the message itself says it.',
    ),
});
export type Pointer = z.infer<typeof pointer>['s3'];

const cancellation = z.strictObject({
  cancel: fields.request_id.describe('The request to take back, unless its call has been made.'),
});

/** All that a message can be, each known by its field. */
export const MESSAGES = { ...FORMS, s3: pointer, cancel: cancellation };

export const inputMessage = z.union(Object.values(MESSAGES));

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(canonicalJson(value) ?? '');
}
