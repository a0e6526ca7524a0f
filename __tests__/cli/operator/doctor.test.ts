import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BedrockClient } from '@aws-sdk/client-bedrock';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import {
  GetAccountSettingsCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { inspect } from '../../../src/cli/operator/inspect.ts';
import { operations } from '../../../src/cli/operator/operations.ts';
import { namesFrom } from '../../../src/cli/operator/stack.ts';
import { findingsText } from '../../../src/cli/report/findings-text.ts';
import { diagnose } from '../../../src/core/operations/doctor.ts';
import { bundleFunctions, type FunctionBundles } from '../../../src/stack/bundle.ts';
import { type LocalStores, startStores } from './stores.ts';

vi.mock('../../../src/stack/bundle.ts');

const LANE = 'amazon.nova-lite:geo';
const MODEL = 'us.amazon.nova-lite-v1:0';

/** What AWS answers beside the local cloud's tables, queues and bucket. */
const HEALTHY = {
  codeSha256: createHash('sha256').update('this checkout').digest('base64'),
  state: 'Active',
  trigger: 'Enabled',
  unreserved: 1_000,
  alarms: [] as object[],
  subscription: 'arn:aws:sns:us-east-1:123456789012:smoother-alarms:1',
  agreement: 'AVAILABLE',
  deadLetters: '0',
};

/** Of the functions' event sources, as the stack sets them by default. */
const MOST_CONCURRENT: Record<string, number> = { ingestion: 10, invocation: 30, batch: 5 };

/** As the outputs of the stores name it. */
const TOPIC = 'arn:aws:sns:us-east-1:123456789012:smoother-alarms';

describe('doctor', () => {
  let local: LocalStores;
  let aws: typeof HEALTHY;
  const folder = mkdtempSync(path.join(tmpdir(), 'doctor-'));
  const zip = path.join(folder, 'function.zip');

  beforeAll(async () => {
    writeFileSync(zip, 'this checkout');
    local = await startStores();
    const { registry } = await operations(local.stack);
    await registry.register(LANE, MODEL, Date.now());
    // Its clients know the local cloud from here on, and e-mails are asked for as in AWS.
    await inspect(local.stack);
    vi.stubEnv('AWS_ENDPOINT_URL', '');
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await local.stop();
  });

  beforeEach(() => {
    aws = { ...HEALTHY };
    vi.mocked(bundleFunctions).mockResolvedValue(
      new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : { path: zip }) }) as FunctionBundles,
    );
    answer(LambdaClient, (command) => {
      if (command instanceof GetAccountSettingsCommand) {
        return {
          AccountLimit: { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: aws.unreserved },
        };
      }
      if (command instanceof ListEventSourceMappingsCommand) {
        const { FunctionName = '' } = command.input;
        const MaximumConcurrency = MOST_CONCURRENT[FunctionName];
        return { EventSourceMappings: [{ State: aws.trigger, ScalingConfig: { MaximumConcurrency } }] };
      }
      return { State: aws.state, LastUpdateStatus: 'Successful', CodeSha256: aws.codeSha256 };
    });
    answer(CloudWatchClient, () => ({ MetricAlarms: aws.alarms }));
    answer(SNSClient, () => ({
      Subscriptions: [{ Endpoint: 'team@example.com', SubscriptionArn: aws.subscription }],
    }));
    answer(BedrockClient, () => ({
      authorizationStatus: 'AUTHORIZED',
      agreementAvailability: { status: aws.agreement },
      entitlementAvailability: 'AVAILABLE',
      regionAvailability: 'AVAILABLE',
    }));
  });
  afterEach(() => vi.restoreAllMocks());

  /** What it says of all that is not well. */
  async function says({ outputs = local.outputs, region = local.stack.region } = {}): Promise<string> {
    return findingsText(diagnose(await inspect({ ...local.stack, names: namesFrom(outputs), region })));
  }

  it('leaves out the alarms of a stack whose prefix begins with this one’s', async () => {
    const AlarmActions = [TOPIC.replace('smoother', 'smoother-staging')];
    aws.alarms = [{ AlarmName: 'smoother-staging-throttles', AlarmDescription: 'Throttled.', AlarmActions }];
    expect(await says()).toContain('0 faults');
  });

  it('finds a healthy stack well, with nothing left unasked', async () => {
    expect(await says()).toMatch(/^0 faults, 0 warnings, \d+ checks are well, 0 could not be made\.$/);
  });

  it.each<[string, Partial<typeof HEALTHY>, RegExp]>([
    ['dead letters', { deadLetters: '3' }, /dead letters input: There are 3\..*smoother dead-letters list/s],
    [
      'a model whose terms nobody has accepted',
      { agreement: 'NOT_AVAILABLE' },
      /access to amazon\.nova-lite-v1:0: .*accept its terms/s,
    ],
    [
      'too few concurrent executions',
      { unreserved: 20 },
      /concurrency: .*may need 48, as max_concurrent_executions is 30.*lower max_concurrent_executions to 11$/ms,
    ],
    [
      'a raised alarm',
      {
        alarms: [
          {
            AlarmName: 'smoother-throttles',
            AlarmDescription: 'Calls are throttled. First command: smoother lanes',
            AlarmActions: [TOPIC],
          },
        ],
      },
      /alarm smoother-throttles: Calls are throttled\. \(it is raised\).*smoother lanes/s,
    ],
    [
      'a raised alarm whose first command it is itself',
      {
        alarms: [
          {
            AlarmName: 'smoother-invocation-errors',
            AlarmDescription: 'The function failed. First command: smoother doctor --name-prefix smoother',
            AlarmActions: [TOPIC],
          },
        ],
      },
      /alarm smoother-invocation-errors: The function failed\. \(it is raised\)\.\s+Look at the other findings/,
    ],
    [
      'a subscription that is not confirmed',
      { subscription: 'PendingConfirmation' },
      /team@example\.com has not confirmed.*Click the link/s,
    ],
    [
      'code of another version',
      { codeSha256: 'another' },
      /deployed code: .*Apply the stack from this checkout/s,
    ],
    ['a trigger that is off', { trigger: 'Disabled' }, /function ingestion: .*Disabled.*Enable the trigger/s],
    [
      'a function that was not deployed',
      { state: 'Failed' },
      /function invocation: Its state is Failed.*apply the stack again/s,
    ],
  ])('names %s, and the remedy', async (_, fault, expected) => {
    Object.assign(aws, fault);
    const { send } = local.stack.sqs;
    vi.spyOn(local.stack.sqs, 'send').mockImplementation(async (...args: unknown[]) => {
      const found = await Reflect.apply(send, local.stack.sqs, args);
      const [command] = args;
      const isDeadLetters =
        command instanceof GetQueueAttributesCommand &&
        command.input.QueueUrl === local.outputs.input_dlq_url;
      return isDeadLetters ? { Attributes: { ApproximateNumberOfMessages: aws.deadLetters } } : found;
    });
    expect(await says()).toMatch(expected);
  });

  it('names a queue and a table that are gone', async () => {
    const { input_queue_url, lanes_table_name } = local.outputs;
    const gone = {
      ...local.outputs,
      input_queue_url: `${input_queue_url}-gone`,
      lanes_table_name: `${lanes_table_name}-gone`,
    };
    const said = await says({ outputs: gone });
    expect(said).toMatch(/queue input: there is no such queue.*Apply the stack/s);
    expect(said).toMatch(/table lanes: there is no such table.*Apply the stack/s);
  });

  it('names a stack of an older version, which lacks what these commands need', async () => {
    const { batches_table_name: _, ...older } = local.outputs;
    expect(await says({ outputs: older })).toMatch(
      /table batches: the stack's outputs have no batches_table_name.*Apply the stack/s,
    );
  });

  it('says what it may not look at', async () => {
    vi.spyOn(local.stack.sqs, 'send').mockImplementation(() =>
      Promise.reject(refusal('AccessDenied', 'not authorized')),
    );
    expect(await says()).toMatch(/queue input: .*operator_read_policy_json/s);
  });

  it('names credentials that have expired, and nothing that only follows from it', async () => {
    const expired = () => Promise.reject(refusal('ExpiredTokenException', 'The security token has expired'));
    for (const client of [local.stack.sqs, local.stack.dynamo, local.stack.s3]) {
      vi.spyOn(client, 'send').mockImplementation(expired);
    }
    const said = await says();
    expect(said).toMatch(/credentials: the AWS credentials have expired.*aws sso login/s);
    expect(said).toMatch(/\n1 fault, 0 warnings, 2 checks are well, 0 could not be made\.$/);
  });

  it('names another Region than the stack’s', async () => {
    expect(await says({ region: 'eu-north-1' })).toMatch(/Region: .*AWS_REGION=eu-north-1/s);
  });

  it('names a lane that somebody has paused, and a quota that Service Quotas does not tell', async () => {
    const { control, leadership } = await operations(local.stack);
    await control.setPause(LANE, { by: 'ada', since: 1 });
    expect(await says()).toMatch(/lane amazon\.nova-lite:geo: .*ada.*smoother resume/s);
    await control.setPause(LANE, undefined);
    const led = await leadership.acquire(LANE, 'test', Date.now(), Date.now() + 60_000);
    if (led === undefined) throw new Error('nobody else leads the lane');
    await leadership.writePlan(led, '{}');
    const figures = {
      ...{ unfinished: 0, utilisation: 0, share: 1 },
      assumed: ['tokens_per_minute' as const],
    };
    await leadership.renew(led, { limits: { tokens_per_minute: 1 }, figures }, Date.now() + 60_000);
    expect(await says()).toMatch(
      /lane amazon\.nova-lite:geo: tokens_per_minute assumed: Service Quotas does not say.*quota_overrides/s,
    );
  });
});

/** What the service answers, whatever is asked. */
function answer(client: { prototype: { send: unknown } }, reply: (command: unknown) => object): void {
  vi.spyOn(client.prototype as { send(command: unknown): Promise<object> }, 'send').mockImplementation(
    async (command) => reply(command),
  );
}

function refusal(name: string, message: string): Error {
  return Object.assign(new Error(message), { name, $metadata: {}, $fault: 'client' });
}
