/** The result message's schema, for documentation and for those who read results; functions that only write need none. */
import * as z from 'zod';
import { OUTCOMES, PRIORITIES } from './record.ts';

const milliseconds = z.number().int().describe('Epoch milliseconds.');
const tokens = z.number().int().min(0);

export const resultMessage = z.strictObject({
  v: z.literal(1).describe('Version of this shape.'),
  request_id: z.string().describe("The producer's request_id, or the id of the SQS message."),
  status: z.enum(OUTCOMES),
  model_id: z.string().optional(),
  record_id: z.string().describe('recordId of a batch-inference record.').optional(),
  tenant: z.string().optional(),
  priority: z.literal([...PRIORITIES]).optional(),
  output: z
    .union([
      z.strictObject({ body: z.unknown().describe("Bedrock's answer; binary content is base64.") }),
      z.strictObject({ bucket: z.string(), key: z.string() }).describe('Where a large answer is.'),
    ])
    .optional(),
  stop_reason: z.string().optional(),
  truncated_at: tokens
    .min(1)
    .describe(
      'The answer was cut at so many tokens, which the smoother chose; absent where the producer did.',
    )
    .optional(),
  usage: z
    .strictObject({
      input_tokens: tokens.describe('Without cached tokens.'),
      output_tokens: tokens,
      cache_read_tokens: tokens.optional(),
      cache_write_tokens: tokens.optional(),
    })
    .optional(),
  timings: z.strictObject({
    accepted: milliseconds,
    released: milliseconds.optional(),
    started: milliseconds.optional(),
    finished: milliseconds,
    wait_ms: z.number().int().describe('From accepted to sent to Bedrock.').optional(),
    latency_ms: z.number().describe("Bedrock's own measure.").optional(),
  }),
  attempts: z.number().int().min(0).describe('Calls made to Bedrock, throttled ones included.'),
  error: z.strictObject({ type: z.string(), message: z.string() }).optional(),
  metadata: z.unknown().describe('As given with the request.').optional(),
});
