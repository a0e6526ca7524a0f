/** A Converse request without its model id: Bedrock's own names and limits. What only a model can judge is left to it. */
import * as z from 'zod';
import { cachePoint, contentBlock, guardContent, toolName } from './converse-content.ts';
import { exactlyOneOf, jsonObject, notBlank, numberFrom, stringOf, wholeNumber } from './schema-parts.ts';

const role = z.enum(['user', 'assistant', 'system']);

export const message = z
  .strictObject({ role, content: z.array(contentBlock).min(1) })
  .meta({ id: 'Message' });

export const systemBlock = exactlyOneOf({ text: notBlank, guardContent, cachePoint }).meta({
  id: 'SystemBlock',
});

const inferenceConfig = z.strictObject({
  maxTokens: wholeNumber(1).optional(),
  temperature: numberFrom(0, 1).optional(),
  topP: numberFrom(0, 1).optional(),
  stopSequences: z.array(z.string().min(1)).max(2500).optional(),
});

const tool = exactlyOneOf({
  toolSpec: z.strictObject({
    name: toolName,
    description: z.string().min(1).optional(),
    inputSchema: exactlyOneOf({ json: jsonObject }),
    strict: z.boolean().optional(),
  }),
  systemTool: z.strictObject({ name: toolName }),
  cachePoint,
});

const toolConfig = z.strictObject({
  tools: z.array(tool).min(1),
  toolChoice: exactlyOneOf({
    auto: z.strictObject({}),
    any: z.strictObject({}),
    tool: z.strictObject({ name: toolName }),
  }).optional(),
});

/** Which guardrail, in Converse and in InvokeModel. */
export const guardrail = {
  // An HTTP header carries it in InvokeModel, and many characters would not go into one.
  guardrailIdentifier: z
    .string()
    .max(2048)
    .regex(/^[A-Za-z0-9._:/-]*$/, { error: 'the id or ARN of a guardrail' })
    .optional(),
  guardrailVersion: z
    .string()
    .regex(/^([1-9][0-9]{0,7}|DRAFT)$/, { error: 'a version number or DRAFT' })
    .optional(),
};
export const latency = z.enum(['standard', 'optimized']);
export const tier = z.enum(['priority', 'default', 'flex', 'reserved']);

const guardrailConfig = z.strictObject({
  ...guardrail,
  trace: z.enum(['enabled', 'disabled', 'enabled_full']).optional(),
});

// The blanks of ASCII alone: those of Unicode, which \s has too, do not go into an HTTP header.
const METADATA_TEXT = /^[a-zA-Z0-9 \t\n\v\f\r:_@$#=/+,.-]*$/;
const METADATA_EXPECTED = 'letters, digits, spaces and : _ @ $ # = / + , . -';

export const requestMetadata = z
  .record(
    stringOf(METADATA_TEXT, 256, METADATA_EXPECTED),
    z.string().max(256).regex(METADATA_TEXT, { error: METADATA_EXPECTED }),
  )
  .refine((entries) => Object.keys(entries).length >= 1 && Object.keys(entries).length <= 16, {
    error: 'an object of 1 to 16 entries',
  })
  .meta({ minProperties: 1, maxProperties: 16 });

const outputConfig = z.strictObject({
  textFormat: z
    .strictObject({
      type: z.literal('json_schema'),
      structure: exactlyOneOf({
        jsonSchema: z.strictObject({
          schema: z.string(),
          name: z.string().optional(),
          description: z.string().optional(),
        }),
      }),
    })
    .optional(),
  effort: z.string().optional(),
});

/** Messages may be absent only where the model id is the ARN of a stored prompt (src/core/request/message.ts). */
export const converse = z.strictObject({
  messages: z.array(message).min(1).optional(),
  system: z.array(systemBlock).optional(),
  inferenceConfig: inferenceConfig.optional(),
  toolConfig: toolConfig.optional(),
  guardrailConfig: guardrailConfig.optional(),
  additionalModelRequestFields: jsonObject.optional(),
  additionalModelResponseFieldPaths: z.array(z.string().min(1).max(256)).max(10).optional(),
  promptVariables: z.record(z.string(), exactlyOneOf({ text: z.string() })).optional(),
  requestMetadata: requestMetadata.optional(),
  performanceConfig: z.strictObject({ latency: latency.optional() }).optional(),
  serviceTier: z.strictObject({ type: tier }).optional(),
  outputConfig: outputConfig.optional(),
});
