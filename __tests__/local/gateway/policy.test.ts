// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import { describe, expect, it } from 'vitest';
import { bedrockPermissions, namedPermissions } from '../../../src/local/gateway/bedrock-arns.ts';
import { RolePolicy, readResourcePolicy } from '../../../src/local/gateway/policy.ts';

function policy(...statements: object[]): RolePolicy {
  const result = new RolePolicy();
  result.add('aws_iam_role_policy.p', JSON.stringify({ Statement: statements }));
  return result;
}
const allow = (Action: unknown, Resource: unknown) => ({ Effect: 'Allow', Action, Resource });

describe('a role', () => {
  it.each([
    ['sqs:SendMessage', 'arn:aws:sqs:us-east-1:0:q', true],
    ['SQS:sendmessage', 'arn:aws:sqs:us-east-1:0:q', true],
    ['sqs:SendMessage', 'arn:aws:sqs:us-east-1:0:q2', false],
    ['sqs:DeleteMessage', 'arn:aws:sqs:us-east-1:0:q', false],
    ['s3:GetObject', 'arn:aws:s3:::b/payloads/a/b', true],
    ['s3:GetObject', 'arn:aws:s3:::b/other', false],
    ['s3:GetObjectVersion', 'arn:aws:s3:::b/payloads/a', true],
    ['dynamodb:Query', 'arn:aws:dynamodb:us-east-1:0:table/t/index/i1', true],
    ['dynamodb:Query', 'arn:aws:dynamodb:us-east-1:0:table/t/index/i22', false],
  ])('%s on %s: %s', (action, resource, expected) => {
    const role = policy(
      allow('sqs:SendMessage', 'arn:aws:sqs:us-east-1:0:q'),
      allow(['s3:Get*'], ['arn:aws:s3:::b/payloads/*']),
      allow('dynamodb:Query', 'arn:aws:dynamodb:us-east-1:0:table/t/index/i?'),
    );
    expect(role.allows({ action, resource })).toBe(expected);
  });

  it('may nothing without a statement, and nothing that is denied', () => {
    const permission = { action: 's3:GetObject', resource: 'x' };
    expect(new RolePolicy().allows(permission)).toBe(false);
    expect(policy(allow('*', '*')).allows(permission)).toBe(true);
    expect(policy(allow('*', '*'), { ...allow('s3:*', '*'), Effect: 'Deny' }).allows(permission)).toBe(false);
  });

  it.each([
    [{ ...allow('s3:*', '*'), Condition: { Bool: {} } }, '"Condition" in a statement is not supported'],
    [{ Effect: 'Allow', NotAction: 's3:*', Resource: '*' }, '"NotAction"'],
    [allow('s3:*', 'arn:aws:s3:::${aws:username}'), 'policy variable'],
    [allow('s3:*', undefined), 'must be strings'],
    [{ ...allow('s3:*', '*'), Effect: 'Maybe' }, 'Allow or Deny'],
  ])('with %j is refused', (statement, message) => {
    expect(() => policy(statement)).toThrow(`aws_iam_role_policy.p: `);
    expect(() => policy(statement)).toThrow(message);
  });
});

it('a resource policy may only be about encryption in transit, or let a service act for a resource', () => {
  const tls = {
    Effect: 'Deny',
    Action: '*',
    Principal: '*',
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  const read = (...Statement: object[]) => readResourcePolicy('a', JSON.stringify({ Statement }));
  expect(read(tls)).toEqual([]);
  const open = { Sid: 'Open', Effect: 'Allow', Action: '*', Principal: '*' };
  expect(() => read(tls, open)).toThrow('"Open"');
  const Principal = { Service: 's3.amazonaws.com' };
  expect(() => read({ ...open, Principal, Resource: '*' })).toThrow('"Open"');
  const grant = {
    Effect: 'Allow',
    Action: 'sqs:SendMessage',
    Resource: 'q',
    Principal,
    Condition: { ArnEquals: { 'aws:SourceArn': 'b' }, StringEquals: { 'aws:SourceAccount': '1' } },
  };
  expect(read(tls, grant)).toMatchObject([{ service: 's3.amazonaws.com', source: 'b' }]);
  const policy = read(grant)[0]?.policy;
  expect(policy?.allows({ action: 'sqs:SendMessage', resource: 'q' })).toBe(true);
  expect(policy?.allows({ action: 'sqs:ReceiveMessage', resource: 'q' })).toBe(false);
});

describe('a Bedrock call', () => {
  const place = { region: 'us-east-1', accountId: '000000000000' };
  it('on demand needs the model in the Region', () => {
    expect(
      bedrockPermissions('bedrock:InvokeModel', 'amazon.nova-lite-v1:0', place).map(
        ({ resource }) => resource,
      ),
    ).toEqual(['arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0']);
  });

  it('through a profile needs the profile and the model wherever it leads', () => {
    const resources = bedrockPermissions('bedrock:InvokeModel', 'us.amazon.nova-lite-v1:0', place).map(
      ({ resource }) => resource,
    );
    expect(resources).toContain(
      'arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.amazon.nova-lite-v1:0',
    );
    expect(resources).toContain('arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-lite-v1:0');
  });

  it('through an application profile needs that and the models of the profile that it was made from', () => {
    const arn = 'arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/a1';
    const resources = (applicationProfiles: Record<string, string>) =>
      bedrockPermissions('bedrock:InvokeModel', arn, { ...place, applicationProfiles }).map(
        ({ resource }) => resource,
      );
    expect(resources({})).toEqual([arn]);
    expect(resources({ [arn]: 'us.amazon.nova-lite-v1:0' })).toEqual([
      arn,
      ...['us-east-1', 'us-east-2', 'us-west-2'].map(
        (region) => `arn:aws:bedrock:${region}::foundation-model/amazon.nova-lite-v1:0`,
      ),
    ]);
  });

  it('by the ARN of a profile needs the same as by its id', () => {
    const id = 'us.amazon.nova-lite-v1:0';
    const byId = bedrockPermissions('bedrock:InvokeModel', id, place);
    expect(bedrockPermissions('bedrock:InvokeModel', String(byId[0]?.resource), place)).toEqual(byId);
  });

  it('of a stored prompt needs to render it', () => {
    const arn = 'arn:aws:bedrock:us-east-1:000000000000:prompt/A1';
    expect(bedrockPermissions('bedrock:InvokeModel', arn, place)).toEqual([
      { action: 'bedrock:RenderPrompt', resource: arn },
    ]);
  });

  it('of a stored prompt needs the right to render it', () => {
    const arn = 'arn:aws:bedrock:us-east-1:000000000000:prompt/PROMPT12AB:1';
    expect(bedrockPermissions('bedrock:InvokeModel', arn, place)).toEqual([
      { action: 'bedrock:RenderPrompt', resource: arn },
    ]);
  });

  describe('also needs the right to what it names', () => {
    const named = (body: unknown, headers: Record<string, string> = {}) =>
      namedPermissions(
        {
          method: 'POST',
          path: '/',
          query: new URLSearchParams(),
          headers,
          body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
        },
        place,
      );
    const guardrail = (id: string) => ({
      action: 'bedrock:ApplyGuardrail',
      resource: `arn:aws:bedrock:us-east-1:000000000000:guardrail/${id}`,
    });

    it('a guardrail, by its id or ARN, in the body or in the header', () => {
      const config = (guardrailIdentifier: string) => ({ guardrailConfig: { guardrailIdentifier } });
      expect(named(config('gr1'))).toEqual([guardrail('gr1')]);
      expect(named(config(guardrail('gr1').resource))).toEqual([guardrail('gr1')]);
      expect(named({}, { 'x-amzn-bedrock-guardrailidentifier': 'gr2' })).toEqual([guardrail('gr2')]);
    });

    it('a tool that Bedrock runs itself', () => {
      const tools = [{ systemTool: { name: 'nova_grounding' } }, { toolSpec: { name: 'ours' } }];
      expect(named({ toolConfig: { tools } })).toEqual([
        {
          action: 'bedrock:InvokeTool',
          resource: 'arn:aws:bedrock::000000000000:system-tool/amazon.nova_grounding',
        },
      ]);
    });

    it('media in S3, wherever it is in the content', () => {
      const video = { format: 'mp4', source: { s3Location: { uri: 's3://media/a/b.mp4' } } };
      const content = [{ toolResult: { content: [{ video }] } }];
      expect(named({ messages: [{ role: 'user', content }] })).toEqual([
        { action: 's3:GetObject', resource: 'arn:aws:s3:::media/a/b.mp4' },
      ]);
    });

    it('and nothing else', () => {
      expect(named({ messages: [{ content: [{ text: 'the s3Location of guardrailConfig' }] }] })).toEqual([]);
      expect(named('guardrailConfig, but not JSON')).toEqual([]);
    });
  });
});
