import { describe, expect, it } from 'vitest';
import { readMessage } from '../../../src/core/request/message.ts';
import { describeProblems } from '../../../src/core/request/problem.ts';

const LIMITS = {
  longestWaitSeconds: 86_400,
  home: { accountId: '123456789012', region: 'us-east-1' },
};
const HELLO = { messages: [{ role: 'user', content: [{ text: 'hello' }] }] };

function problemsIn(fields: object, limits: Parameters<typeof readMessage>[1] = LIMITS): string {
  const reading = readMessage(JSON.stringify({ converse: HELLO, ...fields }), limits);
  return reading.kind === 'invalid' ? describeProblems(reading.problems) : 'accepted';
}

const arn = (resource: string, { region = 'us-east-1', account = '123456789012', partition = 'aws' } = {}) =>
  `arn:${partition}:bedrock:${region}:${account}:${resource}`;

describe('a model ARN', () => {
  it.each([
    arn('foundation-model/amazon.nova-pro-v1:0', { account: '' }),
    arn('inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0'),
    arn('application-inference-profile/a1b2c3d4e5f6'),
    arn('provisioned-model/ab12cd34ef56'),
    arn('imported-model/ab12cd34ef56'),
    arn('custom-model-deployment/ab12cd34ef56'),
    arn('prompt-router/abcdef123456'),
    arn('default-prompt-router/anthropic.claude:1'),
    arn('prompt/PROMPT12AB:1'),
    'us.anthropic.claude-haiku-4-5-20251001-v1:0',
  ])('%s of our account and Region is accepted', (model_id) => {
    expect(problemsIn({ model_id })).toBe('accepted');
  });

  it('of another Region is refused', () => {
    expect(
      problemsIn({ model_id: arn('inference-profile/us.amazon.nova-pro-v1:0', { region: 'eu-west-1' }) }),
    ).toBe('model_id: must be an ARN of Region us-east-1, where the smoother runs, got eu-west-1');
  });

  it('of another account is refused', () => {
    expect(problemsIn({ model_id: arn('provisioned-model/ab12cd34ef56', { account: '111122223333' }) })).toBe(
      'model_id: must be an ARN of account 123456789012, where the smoother runs, got 111122223333',
    );
    expect(problemsIn({ model_id: arn('provisioned-model/ab12cd34ef56', { account: '' }) })).toContain(
      'got none',
    );
  });

  it('of a foundation model names no account', () => {
    expect(problemsIn({ model_id: arn('foundation-model/amazon.nova-pro-v1:0') })).toBe(
      'model_id: must be an ARN without an account, got 123456789012',
    );
  });

  it('of another service, or of a resource that is no model, is refused with what is possible', () => {
    const endpoint = 'arn:aws:sagemaker:us-east-1:123456789012:endpoint/my-endpoint';
    expect(problemsIn({ model_id: endpoint })).toMatch(
      /^model_id: must be an ARN of Bedrock's foundation-model, .*prompt, got sagemaker endpoint$/,
    );
    expect(problemsIn({ model_id: arn('agent/ABC') })).toMatch(/got bedrock agent$/);
  });

  it('that the operator has named in application_inference_profiles is taken as it is', () => {
    const model_id = arn('application-inference-profile/a1b2c3', { account: '111122223333' });
    const profiles = { [model_id]: 'us.amazon.nova-pro-v1:0' };
    expect(problemsIn({ model_id })).not.toBe('accepted');
    expect(problemsIn({ model_id }, { ...LIMITS, profiles })).toBe('accepted');
  });

  it('of any place passes where our own place is not known', () => {
    const model_id = arn('provisioned-model/a', { account: '111122223333', region: 'eu-west-1' });
    expect(problemsIn({ model_id }, { longestWaitSeconds: 86_400 })).toBe('accepted');
  });
});

describe('a guardrail', () => {
  const withGuardrail = (guardrailIdentifier: string) => ({
    model_id: 'us.amazon.nova-pro-v1:0',
    converse: { ...HELLO, guardrailConfig: { guardrailIdentifier, guardrailVersion: '1' } },
  });

  it.each(['gr1a2b3c4d', arn('guardrail/gr1a2b3c4d')])('%s is accepted', (guardrail) => {
    expect(problemsIn(withGuardrail(guardrail))).toBe('accepted');
  });

  it('of another account is refused', () => {
    expect(problemsIn(withGuardrail(arn('guardrail/gr1a2b3c4d', { account: '111122223333' })))).toBe(
      'converse.guardrailConfig.guardrailIdentifier: must be an ARN of account 123456789012, where the smoother runs, got 111122223333',
    );
  });
});
