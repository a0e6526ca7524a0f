/** Looks at what lies around a stack: alarms, the code that is deployed, access to models. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { BedrockClient, GetFoundationModelAvailabilityCommand } from '@aws-sdk/client-bedrock';
import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { isInUse } from '../../core/lane/registration.ts';
import type { FunctionName } from '../../core/layout/environment.ts';
import { FUNCTIONS, type Inspection, type ModelAccess } from '../../core/operations/inspection.ts';
import { foundationModelId, knownAs, knownProfiles } from '../../core/request/model-id.ts';
import { ask } from './ask.ts';
import { operations } from './operations.ts';
import type { Stack } from './operator-command.ts';

/** The answer to a question, where there is one. */
type AnswerOf<Name extends keyof Inspection> = Extract<Inspection[Name], { answer: unknown }>['answer'];

/**
 * Alarms are named after the stack's prefix, as their topic is. The alarms of a stack with a longer prefix match as well, so the
 * topic decides.
 */
export async function raisedAlarms(stack: Stack): Promise<AnswerOf<'alarms'>> {
  const topicArn = await stack.names('alarm_topic_arn');
  const topic = topicArn.split(':').at(-1) ?? '';
  const client = new CloudWatchClient({ region: stack.region });
  try {
    const found: AnswerOf<'alarms'> = [];
    const pages = paginateDescribeAlarms(
      { client },
      { AlarmNamePrefix: topic.replace(/alarms$/, ''), StateValue: 'ALARM' },
    );
    for await (const { MetricAlarms = [] } of pages) {
      for (const { AlarmName = '', AlarmDescription = '', AlarmActions = [] } of MetricAlarms) {
        if (AlarmActions.includes(topicArn)) found.push({ name: AlarmName, description: AlarmDescription });
      }
    }
    return found;
  } finally {
    client.destroy();
  }
}

const CHECKOUT = path.resolve(import.meta.dirname, '../../..');
const HANDLERS: Record<keyof typeof FUNCTIONS, FunctionName> = {
  ingestion: 'request-ingestion',
  prioritization: 'prioritization',
  invocation: 'invocation',
  reporting: 'reporting',
  batch: 'batch',
};

class NoCheckoutError extends Error {
  override readonly name = 'NoCheckout';
}

/** The same code gives the same zip, byte for byte, and Lambda tells the digest of what it has. */
export async function deployedCode(stack: Stack, lambda: LambdaClient): Promise<AnswerOf<'code'>> {
  if (!existsSync(path.join(CHECKOUT, 'handlers'))) {
    throw new NoCheckoutError('Only a checkout of the repository can be compared with what is deployed.');
  }
  const deployed = await Promise.all(
    (Object.keys(HANDLERS) as (keyof typeof FUNCTIONS)[]).map(async (name) => {
      const FunctionName = await stack.names(FUNCTIONS[name]);
      const { CodeSha256 } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
      return { name, CodeSha256 };
    }),
  );
  // Brings its bundler with it, which nothing else here needs.
  const { bundleFunctions } = await import('../../stack/bundle.ts');
  const bundles = await bundleFunctions(CHECKOUT);
  const digestOf = (name: keyof typeof FUNCTIONS) =>
    createHash('sha256').update(readFileSync(bundles[HANDLERS[name]].path)).digest('base64');
  return {
    others: deployed.flatMap(({ name, CodeSha256 }) => (CodeSha256 === digestOf(name) ? [] : [name])),
  };
}

/** Of every model that a lane calls, before a call is denied. */
export async function modelAccess(stack: Stack): Promise<AnswerOf<'access'>> {
  const { registry, settings } = await operations(stack);
  const profiles = knownProfiles(await settings.read());
  const lanesOf = new Map<string, string[]>();
  const inUse = (await registry.list()).filter((it) => isInUse(it, Date.now()));
  for (const { lane, model_id } of inUse) {
    const model = foundationModelId(knownAs(model_id, profiles));
    lanesOf.set(model, [...(lanesOf.get(model) ?? []), lane]);
  }
  const bedrock = new BedrockClient({ region: stack.region });
  try {
    return await Promise.all(
      [...lanesOf].map(async ([model, lanes]) => ({
        model,
        lanes,
        access: await ask(() => accessTo(bedrock, model)),
      })),
    );
  } finally {
    bedrock.destroy();
  }
}

async function accessTo(bedrock: BedrockClient, modelId: string): Promise<ModelAccess> {
  const found = await bedrock.send(new GetFoundationModelAvailabilityCommand({ modelId }));
  return {
    authorized: found.authorizationStatus === 'AUTHORIZED',
    agreement: found.agreementAvailability?.status ?? 'AVAILABLE',
    entitled: found.entitlementAvailability === 'AVAILABLE',
    inRegion: found.regionAvailability === 'AVAILABLE',
  };
}
