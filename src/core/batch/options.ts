/** What a batch says about all of its records: metadata of its file, or a small JSON file beside it. */
import * as z from 'zod';
import { isObject, parseJson, withoutByteOrderMark } from '../request/json.ts';
import { envelope, fields } from '../request/message-schema.ts';
import { describeProblems } from '../request/problem.ts';
import { parseWith } from '../request/problems.ts';
import { DEFAULT_TENANT, type Priority } from '../request/record.ts';
import { DAY_MS, RECORD_RETENTION_MS } from '../request/times.ts';

/** As in Bedrock's CreateModelInvocationJob: the format of `modelInput`. */
export const INVOCATION_TYPES = ['InvokeModel', 'Converse'] as const;

export interface BatchOptions {
  model_id: string;
  model_invocation_type: (typeof INVOCATION_TYPES)[number];
  priority: Priority;
  tenant: string;
  task?: string;
  accept_truncated?: boolean;
}

/** Bulk work, unless the batch says otherwise. At priority 3, it would compete equally with single requests. */
const DEFAULT_BATCH_PRIORITY: Priority = 5;
const DEFAULT_WAIT_MS = 7 * DAY_MS;
/** Outcomes are read from the table when all requests have ended. The first of them must still be there by then. */
const LONGEST_WAIT_MS = RECORD_RETENTION_MS - DAY_MS;

/** docs/schemas/batch-options.schema.json is generated from here. */
export const batchOptions = z.strictObject({
  model_id: fields.model_id,
  model_invocation_type: z
    .enum(INVOCATION_TYPES)
    .describe(
      "The format of modelInput: the model's own body, or a request of Converse. Default: InvokeModel.",
    )
    .optional(),
  priority: fields.priority
    .describe('1 is the most urgent. Default: 5, so that other requests go first.')
    .optional(),
  tenant: fields.tenant.optional(),
  task: envelope.task,
  accept_truncated: envelope.accept_truncated,
  deadline: envelope.deadline.describe(
    'A record whose call has not started by then expires. Default: in 7 days.',
  ),
  max_wait_seconds: envelope.max_wait_seconds.describe('The same in seconds from when the file was found.'),
});

type Given = z.infer<typeof batchOptions>;
const NAMES = Object.keys(batchOptions.shape) as (keyof Given)[];
const NOT_TEXT: readonly (keyof Given)[] = ['priority', 'max_wait_seconds', 'accept_truncated'];

export type OptionsReading = { options: BatchOptions; deadlineAt: number } | { problem: string };

export interface OptionSources {
  /** The object's metadata, by name in lower case, such as `model-id`. Other names are ignored. */
  metadata: Readonly<Record<string, string>>;
  /** The JSON file beside the batch, where there is one. The object's own metadata has precedence, name by name. */
  besides?: string;
}

/** @param now epoch milliseconds */
export function readOptions(
  { metadata, besides }: OptionSources,
  now: number,
  longestWaitSeconds: number,
): OptionsReading {
  const beside = besides === undefined ? {} : parseJson(withoutByteOrderMark(besides));
  if (!isObject(beside)) return { problem: 'the options file beside the batch must be a JSON object' };
  const given = { ...beside, ...fromMetadata(metadata) };
  const parsed = parseWith(batchOptions, given);
  if ('problems' in parsed) return { problem: describeProblems(parsed.problems) };
  const { deadline, max_wait_seconds: wait, ...options } = parsed.data;
  if (deadline !== undefined && wait !== undefined) {
    return { problem: 'deadline: give either a deadline or max_wait_seconds' };
  }
  const longestMs = Math.min(LONGEST_WAIT_MS, longestWaitSeconds * 1_000);
  const wanted =
    deadline === undefined
      ? now + (wait === undefined ? Math.min(DEFAULT_WAIT_MS, longestMs) : wait * 1_000)
      : Date.parse(deadline);
  if (wanted <= now) return { problem: `deadline: ${deadline} has passed` };
  if (wanted > now + longestMs) {
    return {
      problem:
        deadline === undefined
          ? `max_wait_seconds: at most ${longestMs / 1_000}, got ${wait}`
          : `deadline: at most until ${new Date(now + longestMs).toISOString()}, got ${deadline}`,
    };
  }
  return {
    options: {
      ...options,
      model_invocation_type: options.model_invocation_type ?? 'InvokeModel',
      priority: options.priority ?? DEFAULT_BATCH_PRIORITY,
      tenant: options.tenant ?? DEFAULT_TENANT,
    },
    deadlineAt: wanted,
  };
}

/** All metadata is text, so numbers and flags are parsed. A name may be written as in the file beside the batch. */
function fromMetadata(metadata: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const text = metadata[name.replaceAll('_', '-')] ?? metadata[name];
      if (text === undefined) return [];
      return [[name, NOT_TEXT.includes(name) ? (parseJson(text) ?? text) : text]];
    }),
  );
}
