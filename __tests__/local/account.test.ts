// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BedrockSimulator, startBedrockSimulator } from '../../src/local/bedrock/simulator.ts';
import { type SmallCloud, smallStack, startSmallCloud } from './small-stack.ts';

const ACCOUNT = '111122223333';
const NOVA = 'us.amazon.nova-lite-v1:0';
const arn = (resource: string, account = ACCOUNT) => `arn:aws:bedrock:us-east-1:${account}:${resource}`;

/** Calls a model with the function's own rights, and tells what came of it. */
const CONVERSE = `
  const { BedrockRuntimeClient, ConverseCommand } = aws("bedrock-runtime");
  const client = new BedrockRuntimeClient({ maxAttempts: 1 });
  const messages = [{ role: "user", content: [{ text: "hi" }] }];
  try { return (await client.send(new ConverseCommand({ messages, ...event }))).output.message.role; }
  catch (error) { return error.name; }
`;

let bedrock: BedrockSimulator;
let cloud: SmallCloud;
let sqs: SQSClient;
let lambda: LambdaClient;

beforeAll(async () => {
  bedrock = await startBedrockSimulator({ latencyMedianMs: 1, accountId: ACCOUNT });
  const stack = await smallStack(
    { caller: { code: CONVERSE } },
    {
      aws_sqs_queue: {
        dead: { name: 'dead' },
        work: {
          name: 'work',
          redrive_policy:
            '${jsonencode({deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 5})}',
        },
      },
    },
  );
  const resources = [`arn:aws:bedrock:us-east-1:${ACCOUNT}:*`, 'arn:aws:bedrock:*::foundation-model/*'];
  const { aws_iam_role_policy: policies } = stack.stack.resource;
  const policy = JSON.parse(String(policies?.caller?.policy));
  policy.Statement.push({
    Effect: 'Allow',
    Action: ['bedrock:InvokeModel', 'bedrock:RenderPrompt'],
    Resource: resources,
  });
  policy.Statement.push({
    Effect: 'Allow',
    Action: 'bedrock:ApplyGuardrail',
    Resource: arn('guardrail/ours'),
  });
  Object.assign(policies?.caller ?? {}, { policy: JSON.stringify(policy) });
  cloud = await startSmallCloud(stack, { bedrockUrl: bedrock.url, accountId: ACCOUNT });
  sqs = new SQSClient(cloud.client);
  lambda = new LambdaClient(cloud.client);
});

afterAll(async () => {
  sqs.destroy();
  lambda.destroy();
  await cloud.stop();
  await bedrock.close();
});

async function converse(event: object): Promise<string> {
  const { Payload } = await lambda.send(
    new InvokeCommand({ FunctionName: 'caller', Payload: JSON.stringify(event) }),
  );
  return JSON.parse(Payload?.transformToString() ?? '');
}

describe('the account that the local cloud plays', () => {
  it('is in the names of its queues, and in nothing that their messages say', async () => {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'work' }));
    expect(QueueUrl).toBe(`${cloud.endpoint}/${ACCOUNT}/work`);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes?.QueueArn).toBe(`arn:aws:sqs:us-east-1:${ACCOUNT}:work`);
    expect(JSON.parse(Attributes?.RedrivePolicy ?? '').deadLetterTargetArn).toBe(
      `arn:aws:sqs:us-east-1:${ACCOUNT}:dead`,
    );
    const text = `:${ACCOUNT}: and :000000000000:`;
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: text }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    expect(Messages?.map(({ Body }) => Body)).toEqual([text]);
  });

  it.each([
    ['a system inference profile', `inference-profile/${NOVA}`],
    ['a stored prompt', 'prompt/PROMPT12AB:1'],
    ['provisioned throughput', 'provisioned-model/ab12cd34ef56'],
    ['an imported model', 'imported-model/ab12cd34ef56'],
    ['a deployment of a custom model', 'custom-model-deployment/ab12cd34ef56'],
    ['a prompt router', 'default-prompt-router/anthropic.claude:1'],
  ])('has %s by its ARN; another account’s is denied', async (_name, resource) => {
    expect(await converse({ modelId: arn(resource) })).toBe('assistant');
    expect(await converse({ modelId: arn(resource, '444455556666') })).toBe('AccessDeniedException');
  });

  it('lets use only the guardrails that the role names', async () => {
    const guardrail = (guardrailIdentifier: string) => ({
      modelId: NOVA,
      guardrailConfig: { guardrailIdentifier, guardrailVersion: '1' },
    });
    expect(await converse(guardrail('ours'))).toBe('assistant');
    expect(await converse(guardrail(arn('guardrail/ours')))).toBe('assistant');
    expect(await converse(guardrail('theirs'))).toBe('AccessDeniedException');
  });

  it('is answered for by Bedrock, whose streams come through the gateway', async () => {
    const client = new BedrockRuntimeClient(cloud.client);
    const messages = [{ role: 'user' as const, content: [{ text: 'hi' }] }];
    const { stream } = await client.send(new ConverseStreamCommand({ modelId: NOVA, messages }));
    const types: string[] = [];
    for await (const event of stream ?? []) types.push(String(Object.keys(event)[0]));
    expect(types[0]).toBe('messageStart');
    expect(types.at(-1)).toBe('metadata');
    const whole = await client.send(new ConverseCommand({ modelId: NOVA, messages }));
    expect(whole.output?.message?.role).toBe('assistant');
    client.destroy();
  });
});
