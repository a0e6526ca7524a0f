import { describe, expect, it } from 'vitest';
import { laneOf } from '../../../src/core/lane/catalog/catalog.ts';
import { resolveModel } from '../../../src/local/bedrock/models.ts';

/** The simulator shares no code with the smoother, but both must call a quota by the same name. */
describe('a lane has one name', () => {
  it.each([
    'us.anthropic.claude-haiku-4-5-20251001-v1:0',
    'global.anthropic.claude-sonnet-4-6',
    'anthropic.claude-3-haiku-20240307-v1:0',
    'us-gov.anthropic.claude-3-haiku-20240307-v1:0',
    'apac.amazon.nova-lite-v1:0',
    'amazon.nova-micro-v1:0',
    'amazon.titan-text-express-v1:0:8k',
    'amazon.titan-embed-text-v2:0',
    'us.anthropic.claude-3-5-sonnet-20241022-v2:0',
    'anthropic.claude-3-5-sonnet-20240620-v1:0',
    'cohere.embed-english-v3',
    'us.cohere.embed-v4:0',
    'cohere.rerank-v3-5:0',
    'openai.gpt-oss-120b-1:0',
    'moonshotai.kimi-k2.5',
    'us.meta.llama3-3-70b-instruct-v1:0',
    'twelvelabs.pegasus-1-2-v1:0',
    'arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.amazon.nova-pro-v1:0',
    'arn:aws:bedrock:us-east-1:111122223333:prompt/PROMPT12AB:1',
    'arn:aws:bedrock:us-east-1:111122223333:provisioned-model/ab12cd34ef56',
    'arn:aws:bedrock:us-east-1:111122223333:default-prompt-router/anthropic.claude:1',
    'arn:aws:bedrock:us-east-1::foundation-model/mistral.mistral-large-2407-v1:0',
  ])('%s', (modelId) => {
    expect(resolveModel(modelId, { accountId: '111122223333' }).lane).toBe(laneOf(modelId));
  });
});
