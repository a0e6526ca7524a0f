/**
 * Content blocks of Converse, as of the Bedrock Runtime API in November 2026 (@aws-sdk/client-bedrock-runtime 3.1164),
 * with the limits of its API reference. Binary content is base64.
 */
import * as z from 'zod';
import { base64, exactlyOneOf, jsonObject, notBlank, stringOf } from './schema-parts.ts';

export const toolName = stringOf(/^[a-zA-Z0-9_-]+$/, 64, 'letters, digits, _ and -');
const toolUseId = stringOf(/^[a-zA-Z0-9_.:-]+$/, 64, 'letters, digits and _ . : -');

const s3Location = z
  .strictObject({
    uri: stringOf(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.*)?$/, 1024, 's3://bucket/key'),
    bucketOwner: z
      .string()
      .regex(/^[0-9]{12}$/, { error: 'an account id of 12 digits' })
      .optional(),
  })
  .meta({ id: 'S3Location' });

const mediaSource = exactlyOneOf({ bytes: base64, s3Location });
const errorBlock = z.strictObject({ message: z.string().optional() });
const textBlock = z.strictObject({ text: z.string() });
const citationsConfig = z.strictObject({ enabled: z.boolean() });

const image = z
  .strictObject({
    format: z.enum(['png', 'jpeg', 'gif', 'webp']),
    source: mediaSource,
    error: errorBlock.optional(),
  })
  .meta({ id: 'Image' });

const DOCUMENT_NAME = /^(?!.*\s\s)[a-zA-Z0-9\s\-()[\]]+$/;

const document = z
  .strictObject({
    format: z.enum(['pdf', 'csv', 'doc', 'docx', 'xls', 'xlsx', 'html', 'txt', 'md']).optional(),
    name: stringOf(DOCUMENT_NAME, 200, 'letters, digits, hyphens, brackets and single spaces'),
    source: exactlyOneOf({
      bytes: base64,
      s3Location,
      text: z.string().min(1),
      content: z.array(exactlyOneOf({ text: z.string() })).min(1),
    }),
    context: z.string().min(1).optional(),
    citations: citationsConfig.optional(),
  })
  .meta({ id: 'Document' });

const video = z
  .strictObject({
    format: z.enum(['mkv', 'mov', 'mp4', 'webm', 'flv', 'mpeg', 'mpg', 'wmv', 'three_gp']),
    source: mediaSource,
  })
  .meta({ id: 'Video' });

const AUDIO_FORMATS = 'mp3 opus wav aac flac mp4 ogg mkv mka x-aac m4a mpeg mpga pcm webm'.split(' ');

const audio = z.strictObject({
  format: z.enum(AUDIO_FORMATS),
  source: mediaSource,
  error: errorBlock.optional(),
});

const searchResult = z
  .strictObject({
    source: z.string(),
    title: z.string(),
    content: z.array(textBlock),
    citations: citationsConfig.optional(),
  })
  .meta({ id: 'SearchResult' });

const toolUse = z.strictObject({
  toolUseId,
  name: toolName,
  input: jsonObject,
  type: z.literal('server_tool_use').optional(),
});

const toolResult = z.strictObject({
  toolUseId,
  content: z.array(
    exactlyOneOf({ text: z.string(), json: z.unknown(), image, document, video, searchResult }),
  ),
  status: z.enum(['success', 'error']).optional(),
  type: z.string().optional(),
});

export const cachePoint = z
  .strictObject({
    type: z.literal('default'),
    ttl: z.enum(['5m', '1h']).optional(),
  })
  .meta({ id: 'CachePoint' });

export const guardContent = exactlyOneOf({
  text: z.strictObject({
    text: z.string(),
    qualifiers: z.array(z.enum(['grounding_source', 'query', 'guard_content'])).optional(),
  }),
  image: z.strictObject({ format: z.enum(['png', 'jpeg']), source: exactlyOneOf({ bytes: base64 }) }),
}).meta({ id: 'GuardContent' });

const reasoningContent = exactlyOneOf({
  reasoningText: z.strictObject({ text: z.string(), signature: z.string().optional() }),
  redactedContent: base64,
});

/** Citations come from the model and go back to it as they are. */
const citationsContent = z.strictObject({
  content: z.array(exactlyOneOf({ text: z.string() })).optional(),
  citations: z.array(jsonObject).optional(),
});

const toolChange = z.strictObject({
  tool: z.strictObject({
    type: z.string().optional(),
    name: z.string().optional(),
    serverName: z.string().optional(),
  }),
});

export const contentBlock = exactlyOneOf({
  text: notBlank,
  image,
  document,
  video,
  audio,
  toolUse,
  toolResult,
  guardContent,
  cachePoint,
  reasoningContent,
  citationsContent,
  searchResult,
  toolAddition: toolChange,
  toolRemoval: toolChange,
}).meta({ id: 'ContentBlock' });
