/** Makes the stack's functions runnable: unpacked, with their own environment and credentials. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Activity } from './activity.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { Credentials } from './gateway/identity.ts';
import type { RolePolicy } from './gateway/policy.ts';
import { LambdaFunction } from './lambda/function.ts';
import { Starts } from './lambda/starts.ts';
import { demandLogging, newCredentials } from './roles.ts';
import { TerraformError } from './terraform/errors.ts';
import type { EvaluatedStack, Resource } from './terraform/stack.ts';

export interface PreparedFunction {
  lambda: LambdaFunction;
  policy: RolePolicy;
  timeoutSeconds: number;
}

export interface FunctionsOptions {
  stack: EvaluatedStack;
  roles: Map<string, RolePolicy>;
  gateway: Gateway;
  activity: Activity;
  /** Where zips are unpacked. */
  folder: string;
  onLog: (functionName: string, line: string) => void;
}

/** A function's environment variables may have this many bytes in all. */
const ENVIRONMENT_BYTES = 4096;
const SUPPORTED_RUNTIME = /^nodejs\d+\.x$/;

/** @returns the functions by name */
export async function prepareFunctions(options: FunctionsOptions): Promise<Map<string, PreparedFunction>> {
  const starts = new Starts();
  const prepared = await Promise.all(
    options.stack.resources('aws_lambda_function').map((resource) => prepare(options, starts, resource)),
  );
  return new Map(prepared.map((one) => [one.lambda.name, one]));
}

async function prepare(
  options: FunctionsOptions,
  starts: Starts,
  resource: Resource,
): Promise<PreparedFunction> {
  const { stack, roles, gateway, activity, folder, onLog } = options;
  const name = resource.text('function_name');
  const policy = roles.get(resource.text('role'));
  if (!policy)
    throw new TerraformError(resource.address, `the role ${resource.text('role')} is not in the stack`);
  if (!SUPPORTED_RUNTIME.test(resource.text('runtime'))) {
    throw new TerraformError(resource.address, `the runtime ${resource.text('runtime')} is not supported`);
  }
  demandLogging(resource, policy, stack);
  const credentials = newCredentials();
  gateway.admit(name, credentials, policy);
  const taskRoot = join(folder, name);
  await unpack(stack.file(resource.text('filename')), taskRoot);
  const timeoutSeconds = resource.number('timeout', 3);
  const lambda = new LambdaFunction({
    name,
    arn: resource.text('arn'),
    taskRoot,
    timeoutSeconds,
    variables: environment(stack, resource, credentials, taskRoot),
    asynchronous: asynchronousSettings(stack, name),
    activity,
    starts,
    onLine: (line) => onLog(name, line),
  });
  return { lambda, policy, timeoutSeconds };
}

async function unpack(file: string, folder: string): Promise<void> {
  for (const [path, content] of Object.entries(unzipSync(await readFile(file)))) {
    if (path.endsWith('/')) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** The variables that Terraform sets and Lambda's own. Nothing comes from the developer's shell. */
function environment(
  stack: EvaluatedStack,
  resource: Resource,
  credentials: Credentials,
  taskRoot: string,
): Record<string, string> {
  const declared = (resource.blocks('environment')[0]?.variables ?? {}) as Record<string, unknown>;
  const own = Object.fromEntries(Object.entries(declared).map(([key, value]) => [key, String(value)]));
  const bytes = Object.entries(own).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0);
  if (bytes > ENVIRONMENT_BYTES) {
    throw new TerraformError(
      resource.address,
      `environment variables of ${bytes} bytes: Lambda takes ${ENVIRONMENT_BYTES}`,
    );
  }
  const { region, endpoint } = stack.platform;
  const name = resource.text('function_name');
  return {
    ...own,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_EXECUTION_ENV: `AWS_Lambda_${resource.text('runtime')}`,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(resource.number('memory_size', 128)),
    AWS_LAMBDA_LOG_GROUP_NAME: String(
      resource.blocks('logging_config')[0]?.log_group ?? `/aws/lambda/${name}`,
    ),
    LAMBDA_TASK_ROOT: taskRoot,
    LAMBDA_RUNTIME_DIR: taskRoot,
    _HANDLER: resource.text('handler'),
    // The SDK warns about Node 20, which is this machine's; in AWS the function runs on nodejs24.x.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    // With the developer's home folder, the SDK would read ~/.aws.
    HOME: taskRoot,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
  };
}

function asynchronousSettings(stack: EvaluatedStack, functionName: string) {
  const config = stack
    .resources('aws_lambda_function_event_invoke_config')
    .find((candidate) => candidate.text('function_name') === functionName);
  if (config?.has('destination_config')) {
    throw new TerraformError(config.address, '"destination_config" is not supported');
  }
  return {
    maximumRetryAttempts: config?.number('maximum_retry_attempts', 2) ?? 2,
    maximumEventAgeSeconds: config?.number('maximum_event_age_in_seconds', 21_600) ?? 21_600,
  };
}
