import { rm } from 'node:fs/promises';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Activity } from './activity.ts';
import { deprovision } from './deprovision.ts';
import { startEmulators } from './emulators.ts';
import { notify } from './event-sources/object-notifications.ts';
import { connectBackend } from './external-backend.ts';
import { prepareFunctions } from './functions.ts';
import type { CallCount, Denial } from './gateway/call-log.ts';
import { DynamodbService } from './gateway/dynamodb-service.ts';
import { type FaultHook, Gateway, type Service } from './gateway/gateway.ts';
import { Upstream } from './gateway/http.ts';
import type { Credentials } from './gateway/identity.ts';
import type { Operation } from './gateway/operation.ts';
import type { Place } from './gateway/place.ts';
import { BedrockService, SqsService } from './gateway/plain-services.ts';
import { S3Service } from './gateway/s3-service.ts';
import { type BedrockQuotas, ServiceQuotasService } from './gateway/service-quotas-service.ts';
import { SnsService } from './gateway/sns-service.ts';
import type { LambdaFunction } from './lambda/function.ts';
import { LambdaService } from './lambda/lambda-service.ts';
import { provision, watchTables } from './provision.ts';
import { newCredentials, readRoles } from './roles.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import { EvaluatedStack } from './terraform/stack.ts';
import { prepareTriggers, type Triggers } from './triggers.ts';

export interface LocalCloudOptions {
  /** Parsed `cdk.tf.json`. */
  stack: unknown;
  /** The folder that the JSON's relative asset paths are relative to. */
  assetsFolder: string;
  /** Values of Terraform variables; the variables' own types and validations are enforced. */
  variables: Record<string, unknown>;
  /** A running Bedrock simulator. */
  bedrockUrl: string;
  /** What Service Quotas says about Bedrock, which is what the simulator enforces. Default: no quotas. */
  bedrockQuotas?: BedrockQuotas;
  /** Twelve digits. Default: the emulators' own account, which an applied stack always has. */
  accountId?: string;
  /** Application inference profiles of the account: by ARN, what they were made from. */
  applicationProfiles?: Readonly<Record<string, string>>;
  /** An emulator of DynamoDB, SQS and S3 that runs elsewhere, in place of the embedded ones. */
  backendUrl?: string;
  /** Whether Terraform has applied the stack there: then nothing is created or deleted. */
  applied?: boolean;
  /** Where the gateway listens. Default: a free port. */
  port?: number;
  /** Credentials that may do everything. Default: new ones. */
  operator?: Credentials;
  /** Every line that a function writes. */
  onLog?: (functionName: string, line: string) => void;
  /** Asked about every permitted call what should go wrong with it. */
  faults?: FaultHook;
}

export interface LocalCloud {
  endpoint: string;
  region: string;
  accountId: string;
  /** Credentials that may do everything. */
  operator: Credentials;
  /** The stack's outputs. */
  outputs: Record<string, unknown>;
  /** Calls by principal and action since the start. */
  calls(): CallCount[];
  /** Every call that a policy did not allow. */
  denials(): Denial[];
  /** Kills (SIGKILL) one of the running processes, picked by the name of its function. Returns whether there was one. */
  crash(pick: (running: readonly string[]) => string | undefined): boolean;
  /** Resolves when consumed queues and streams are empty and no function runs. */
  idle(): Promise<void>;
  /** Ends every process, timer and listener, and removes the temporary files. */
  stop(): Promise<void>;
}

/** What is done in its name is no part of the smoother's cost. */
const OPERATOR = 'operator';

/**
 * Brings a synthesised stack to life on this machine.
 * @throws TerraformError naming the address of what is not understood or would not deploy
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const cleanup: (() => unknown)[] = [];
  const stop = async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  };
  try {
    return await bringUp(options, cleanup, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function bringUp(
  options: LocalCloudOptions,
  cleanup: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<LocalCloud> {
  const { onLog = () => {} } = options;
  const activity = new Activity();
  const folder = await makeTemporaryFolder('local-cloud');
  cleanup.push(() => rm(folder, { recursive: true, force: true }));
  const backend = await (options.backendUrl ? connectBackend(options.backendUrl) : startEmulators());
  const accountId = options.applied ? backend.accountId : (options.accountId ?? backend.accountId);
  const upstreams = [backend.dynamodbUrl, backend.sqsUrl, backend.s3Url, options.bedrockUrl].map(
    (url) => new Upstream(url),
  );
  const [dynamodbUpstream, sqsUpstream, s3Upstream, bedrock] = upstreams as [
    Upstream,
    Upstream,
    Upstream,
    Upstream,
  ];
  cleanup.push(() => upstreams.map((upstream) => upstream.close()));
  // Before their connections are closed, so that it can still answer what it is asked.
  cleanup.push(() => backend.stop());

  // Requests come only once all of these are set.
  let triggers: Triggers | undefined;
  let place: Place = { region: '', accountId };
  const functions = new Map<string, LambdaFunction>();
  const dynamodb = new DynamodbService(dynamodbUpstream, (change) =>
    triggers?.streams.get(change.table)?.add(change),
  );
  const s3 = new S3Service(s3Upstream, (object) =>
    notify(triggers?.notifications ?? [], object, place.region),
  );
  const services: Record<Operation['service'], Service> = {
    bedrock: new BedrockService(bedrock),
    dynamodb,
    lambda: new LambdaService(functions, () => stack),
    s3,
    servicequotas: new ServiceQuotasService(options.bedrockQuotas ?? {}),
    // The emulators serve both on one port.
    sns: new SnsService(sqsUpstream, () => place, backend.accountId),
    sqs: new SqsService(sqsUpstream, () => place, backend),
  };
  const gateway = new Gateway({
    place: () => place,
    services: ({ service }) => services[service],
    ...(options.faults ? { faults: options.faults } : {}),
  });
  const endpoint = await gateway.start(options.port);
  cleanup.push(() => gateway.stop());

  const stack = new EvaluatedStack({ ...options, accountId, endpoint });
  place = { ...stack.platform, applicationProfiles: options.applicationProfiles };
  const roles = readRoles(stack);
  const prepared = await prepareFunctions({ stack, roles, gateway, activity, folder, onLog });
  for (const [name, { lambda }] of prepared) functions.set(name, lambda);
  cleanup.push(() => Promise.all([...functions.values()].map((lambda) => lambda.stop())));
  const ready = prepareTriggers({ stack, functions: prepared, gateway, activity, onLog });
  watchTables(stack, dynamodb);
  if (!options.applied) {
    if (backend.lasting) cleanup.push(() => deprovision(stack, backend));
    const credentials = newCredentials();
    gateway.admit(OPERATOR, credentials);
    await provision({ stack, credentials, s3 });
  }
  const { operator = newCredentials() } = options;
  gateway.admit(OPERATOR, operator);
  gateway.open();
  triggers = ready;
  const sqs = new SQSClient({ endpoint, region: stack.platform.region, credentials: operator });
  cleanup.push(() => sqs.destroy());
  start(ready, cleanup, functions);

  return {
    endpoint,
    region: stack.platform.region,
    accountId,
    operator,
    outputs: stack.outputs,
    calls: () => gateway.calls(),
    denials: () => gateway.denials(),
    crash: (pick) => crash(functions, pick),
    idle: () => idle(activity, ready, functions, sqs),
    stop,
  };
}

/** Starts the event sources. They stop before the functions do, but a running batch ends only with its function. */
function start(triggers: Triggers, cleanup: (() => unknown)[], functions: Map<string, LambdaFunction>): void {
  const sources = [...triggers.queues, ...triggers.streams.values()];
  cleanup.push(async () => {
    for (const schedule of triggers.schedules) schedule.stop();
    const stopped = sources.map((source) => source.stop());
    await Promise.all([...functions.values()].map((lambda) => lambda.stop()));
    await Promise.all(stopped);
    for (const client of triggers.clients) client.destroy();
  });
  for (const source of sources) source.start();
  for (const schedule of triggers.schedules) schedule.start();
}

function crash(
  functions: ReadonlyMap<string, LambdaFunction>,
  pick: (running: readonly string[]) => string | undefined,
): boolean {
  const running = [...functions.values()].flatMap((lambda) => lambda.running.map(() => lambda.name));
  const name = pick(running);
  const process = name === undefined ? undefined : functions.get(name)?.running[0];
  process?.kill();
  return process !== undefined;
}

async function idle(
  activity: Activity,
  triggers: Triggers,
  functions: Map<string, LambdaFunction>,
  sqs: SQSClient,
): Promise<void> {
  const resting = () =>
    activity.quiet &&
    [...triggers.streams.values()].every((stream) => stream.empty) &&
    [...functions.values()].every((lambda) => !lambda.retrying);
  for (;;) {
    // Subscribed before looking, so that no change in between is missed.
    const change = activity.nextChange();
    if (resting() && (await queuesEmpty(triggers.consumedQueueUrls, sqs)) && resting()) return;
    await change;
  }
}

async function queuesEmpty(urls: string[], sqs: SQSClient): Promise<boolean> {
  const names = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesDelayed',
  ] as const;
  const answers = await Promise.all(
    urls.map((QueueUrl) => sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }))),
  );
  return answers.every(({ Attributes = {} }) => names.every((name) => Number(Attributes[name] ?? 0) === 0));
}
