/** Valid messages in every accepted form, from which mutations start. */
import { BUCKET, QUEUE } from './targets.ts';

export const MODELS = [
  'amazon.nova-lite-v1:0',
  'us.anthropic.claude-haiku-4-5-20251001-v1:0',
  'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456',
];

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const ENVELOPE = {
  request_id: 'order-17',
  model_id: MODELS[0],
  priority: 2,
  tenant: 'acme',
  task: 'summary',
  max_wait_seconds: 3_600,
  metadata: { order: 17, tags: ['a', 'b'], nested: { deep: [{ er: null }] } },
};

export const SAMPLES: readonly Record<string, unknown>[] = [
  {
    ...ENVELOPE,
    converse: {
      messages: [
        {
          role: 'user',
          content: [{ text: 'What is this?' }, { image: { format: 'png', source: { bytes: PIXEL } } }],
        },
        {
          role: 'assistant',
          content: [{ toolUse: { toolUseId: 't1', name: 'look', input: { at: [1, 2] } } }],
        },
        { role: 'user', content: [{ toolResult: { toolUseId: 't1', content: [{ json: { seen: true } }] } }] },
      ],
      system: [{ text: 'Be brief.' }, { cachePoint: { type: 'default' } }],
      inferenceConfig: { maxTokens: 200, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
      toolConfig: {
        tools: [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object', properties: {} } } } }],
        toolChoice: { auto: {} },
      },
      requestMetadata: { team: 'red' },
      additionalModelRequestFields: { top_k: 40 },
    },
  },
  {
    ...ENVELOPE,
    converse: {
      messages: [
        {
          role: 'user',
          content: [
            { document: { format: 'txt', name: 'A note', source: { bytes: 'aGVsbG8=' } } },
            { text: 'Summarise.' },
          ],
        },
      ],
    },
  },
  {
    ...ENVELOPE,
    model_id: MODELS[1],
    invoke_model: {
      body: {
        anthropic_version: 'bedrock-2023-05-31',
        max_tokens: 50,
        messages: [{ role: 'user', content: 'Hi' }],
      },
      content_type: 'application/json',
      accept: 'application/json',
    },
  },
  { ...ENVELOPE, invoke_model: { body: '{"inferenceConfig":{"maxTokens":5},"messages":[]}' } },
  { ...ENVELOPE, messages: [{ role: 'user', content: 'Hello' }], system: 'Be kind.' },
  { ...ENVELOPE, model_id: MODELS[2], recordId: 'REC-0001', modelInput: { max_tokens: 9, prompt: 'x' } },
  { s3: { bucket: BUCKET, key: 'inbox/large.json', version_id: 'v1' } },
  { model_id: MODELS[0], messages: [{ role: 'user', content: 'No id' }] },
  { ...ENVELOPE, results: 'record', messages: [{ role: 'user', content: 'Read from the table' }] },
  { ...ENVELOPE, results: QUEUE, messages: [{ role: 'user', content: 'Sent elsewhere' }] },
  { s3: { bucket: BUCKET, key: 'inbox/none.json' }, results: QUEUE },
  { cancel: 'order-17' },
];
