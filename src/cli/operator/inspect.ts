/** Looks at a stack in AWS, or on the local cloud. What cannot be asked becomes a part of the answer. */
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { itemOf } from '../../aws/dynamodb/expressions.ts';
import { systemClock } from '../../core/clock.ts';
import { TABLES as KEYS } from '../../core/layout/tables.ts';
import { lackOf, viewBudgets } from '../../core/operations/budgets.ts';
import {
  type Asked,
  DEAD_LETTER_QUEUES,
  FUNCTIONS,
  type FunctionState,
  type Inspection,
  QUEUES,
  type QueueState,
  TABLES,
} from '../../core/operations/inspection.ts';
import { type LaneView, viewLanes, whereWorkWaits } from '../../core/operations/lanes.ts';
import { ask } from './ask.ts';
import { deployedCode, modelAccess, raisedAlarms } from './inspect-account.ts';
import { operations } from './operations.ts';
import type { Stack } from './operator-command.ts';
import type { OutputName } from './stack.ts';

const NO_EMAILS = { error: 'NotOffered', says: 'An emulator sends no e-mails.' };

export async function inspect(stack: Stack): Promise<Inspection> {
  const { dynamo } = stack;
  const region = await ask(() => dynamo.config.region());
  const lambda = new LambdaClient({ region: stack.region });
  const sns = new SNSClient({ region: stack.region });
  try {
    const raised = ask(() => raisedAlarms(stack));
    const code = ask(() => deployedCode(stack, lambda));
    const access = ask(() => modelAccess(stack));
    const budgets = ask(async () => viewBudgets(await operations(stack), systemClock));
    const [credentials, tables, queues, deadLetters, bucket, functions, concurrency, subscriptions, lanes] =
      await Promise.all([
        ask(async () => ({ accessKeyId: (await dynamo.config.credentials()).accessKeyId })),
        all(TABLES, (output, name) => table(stack, name, output)),
        all(QUEUES, (output) => queueState(stack, output)),
        all(DEAD_LETTER_QUEUES, (output) => queueState(stack, output)),
        ask(async () => {
          await stack.s3.send(
            new HeadBucketCommand({ Bucket: await stack.names('bedrock_calls_bucket_name') }),
          );
          return true as const;
        }),
        all(FUNCTIONS, (output) => functionState(stack, lambda, output)),
        ask(async () => {
          const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
          return {
            limit: AccountLimit?.ConcurrentExecutions ?? 0,
            unreserved: AccountLimit?.UnreservedConcurrentExecutions ?? 0,
          };
        }),
        // Emulators send no e-mails, so nobody has to confirm anything.
        process.env.AWS_ENDPOINT_URL ? NO_EMAILS : ask(() => subscribers(stack, sns)),
        ask(() => laneStates(stack)),
      ]);
    return {
      ...{ at: systemClock.now(), node: process.version, credentials, region, stackRegion: stack.region },
      ...{ tables, queues, deadLetters, bucket, functions, concurrency, subscriptions, lanes },
      ...{ budgets: await budgets, alarms: await raised, code: await code, access: await access },
    };
  } finally {
    lambda.destroy();
    sns.destroy();
  }
}

async function table(
  stack: Stack,
  name: keyof typeof TABLES,
  output: (typeof TABLES)[keyof typeof TABLES],
): Promise<true> {
  const layout = KEYS[name];
  const key = {
    [layout.partition.name]: 'doctor',
    ...('sort' in layout && { [layout.sort.name]: 'doctor' }),
  };
  await stack.dynamo.send(new GetItemCommand({ TableName: await stack.names(output), Key: itemOf(key) }));
  return true;
}

export async function queueState(stack: Stack, output: OutputName): Promise<QueueState> {
  const { Attributes = {} } = await stack.sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: await stack.names(output),
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return {
    waiting: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
  };
}

async function functionState(
  stack: Stack,
  lambda: LambdaClient,
  output: (typeof FUNCTIONS)[keyof typeof FUNCTIONS],
): Promise<FunctionState> {
  const FunctionName = await stack.names(output);
  const configuration = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const { EventSourceMappings = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName }),
  );
  const [source] = EventSourceMappings;
  return {
    state: configuration.State ?? 'Active',
    lastUpdate: configuration.LastUpdateStatus ?? 'Successful',
    ...(source !== undefined && {
      source: {
        enabled: !/Disabl/.test(source.State ?? ''),
        state: source.State ?? 'unknown',
        maximumConcurrency: source.ScalingConfig?.MaximumConcurrency,
      },
    }),
  };
}

async function subscribers(stack: Stack, sns: SNSClient) {
  const { Subscriptions = [] } = await sns.send(
    new ListSubscriptionsByTopicCommand({ TopicArn: await stack.names('alarm_topic_arn') }),
  );
  return Subscriptions.map(({ Endpoint = '', SubscriptionArn = '' }) => ({
    endpoint: Endpoint,
    confirmed: SubscriptionArn.startsWith('arn:'),
  }));
}

async function laneStates(stack: Stack): Promise<LaneView[]> {
  const ports = await operations(stack);
  const [lanes, budgets] = await Promise.all([
    viewLanes(ports, systemClock),
    viewBudgets(ports, systemClock),
  ]);
  return Promise.all(
    lanes.map(async (lane) => {
      const announced = await ports.directory.list(lane.lane);
      // One head of some of its queues tells whether anything has waited for long.
      const heads = await Promise.all(
        announced.slice(0, 20).map(({ backlog_key }) => ports.backlog.heads(backlog_key, 1)),
      );
      // What a budget keeps back is in nobody's hands until the day turns.
      const accepted = heads
        .flat()
        .filter(({ tenant }) => lackOf(budgets, tenant, lane.lane) === undefined)
        .map(({ accepted_at }) => accepted_at);
      return whereWorkWaits(lane, accepted.length === 0 ? undefined : Math.min(...accepted), systemClock);
    }),
  );
}

async function all<Name extends string, Output, Answer>(
  outputs: Readonly<Record<Name, Output>>,
  question: (output: Output, name: Name) => Promise<Answer>,
): Promise<Record<Name, Asked<Answer>>> {
  const entries = Object.entries(outputs) as [Name, Output][];
  const answers = entries.map(
    async ([name, output]) => [name, await ask(() => question(output, name))] as const,
  );
  return Object.fromEntries(await Promise.all(answers)) as Record<Name, Asked<Answer>>;
}
