/** Which stack an operator means, and what its tables, queues and bucket are called. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { parseJson } from '../../core/request/json.ts';
import { UsageError } from '../errors.ts';

/** The stack's outputs by name. */
export type Outputs = Readonly<Record<string, unknown>>;

export interface StackFlags {
  outputs?: string;
  namePrefix?: string;
}

export type NameSource =
  | { from: 'file'; file: string }
  | { from: 'terraform' }
  | { from: 'prefix'; prefix: string };

/** The default of the variable `name_prefix`. */
export const DEFAULT_PREFIX = 'bedrock-request-smoother';
export const STACK_FOLDER = path.resolve(
  import.meta.dirname,
  '../../../cdktf.out/stacks/bedrock-request-smoother',
);

/**
 * Where the names come from: a flag, or else the environment, or else Terraform where it has been initialised, or else
 * the default prefix. An empty value counts as missing.
 */
export function nameSource(
  { outputs, namePrefix }: StackFlags,
  { SMOOTHER_OUTPUTS }: Readonly<Record<string, string | undefined>>,
  isInitialised: boolean,
): NameSource {
  if (outputs) return { from: 'file', file: outputs };
  if (namePrefix) return { from: 'prefix', prefix: namePrefix };
  if (SMOOTHER_OUTPUTS) return { from: 'file', file: SMOOTHER_OUTPUTS };
  return isInitialised ? { from: 'terraform' } : { from: 'prefix', prefix: DEFAULT_PREFIX };
}

/** What `terraform output -json` prints. */
const printed = z.record(z.string(), z.object({ value: z.unknown() }));

/** @throws UsageError when there are none */
export function readOutputs(source: Exclude<NameSource, { from: 'prefix' }>): Outputs {
  const place = source.from === 'file' ? source.file : STACK_FOLDER;
  const parsed = printed.safeParse(parseJson(source.from === 'file' ? readFile(place) : askTerraform()));
  if (!parsed.success || Object.keys(parsed.data).length === 0) {
    throw new UsageError(
      source.from === 'file'
        ? `${place} must hold what "terraform output -json" prints`
        : `Terraform has no outputs in ${place}: apply the stack, or give --outputs or --name-prefix`,
    );
  }
  return Object.fromEntries(Object.entries(parsed.data).map(([name, { value }]) => [name, value]));
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`SMOOTHER_OUTPUTS must name a file that can be read, got ${JSON.stringify(file)}`);
  }
}

function askTerraform(): string {
  const { status, stdout, stderr, error } = spawnSync('terraform', ['output', '-json', '-no-color'], {
    cwd: STACK_FOLDER,
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  const [reason] = (error?.message ?? stderr)
    .trim()
    .split('\n')
    .filter((line) => /\w/.test(line));
  throw new UsageError(
    `terraform output failed in ${STACK_FOLDER}: ${reason}; give --outputs or --name-prefix`,
  );
}

/** What follows the prefix in a name, by the output that holds the name. */
const NAMES = {
  input_queue_url: 'input',
  input_dlq_url: 'input-dlq',
  hold_next_batch_queue_url: 'hold-next-batch',
  hold_next_batch_dlq_url: 'hold-next-batch-dlq',
  batches_queue_url: 'batches',
  batches_dlq_url: 'batches-dlq',
  reporting_dlq_url: 'reporting-dlq',
  requests_table_name: 'requests',
  lanes_table_name: 'lanes',
  reporting_table_name: 'reporting',
  bedrock_calls_bucket_name: 'calls',
  bedrock_results_queue_url: 'bedrock-results',
  request_ingestion_function_name: 'request-ingestion',
  prioritization_function_name: 'prioritization',
  invocation_function_name: 'invocation',
  reporting_function_name: 'reporting',
  batch_function_name: 'batch',
  batches_table_name: 'batches',
  alarm_topic_arn: 'alarms',
} as const;

export type OutputName = keyof typeof NAMES;
export type Names = (output: OutputName) => Promise<string>;

/** @throws UsageError when an output is missing: the file belongs to something else */
export function namesFrom(outputs: Outputs): Names {
  return async (output) => {
    const value = outputs[output];
    if (typeof value === 'string') return value;
    throw new UsageError(`the stack's outputs have no ${output}: are they of this stack, and is it applied?`);
  };
}

/** Makes names as the stack does. SQS is asked for the URLs of queues, which also contain the account. */
export function namesWith(prefix: string, sqs: SQSClient): Names {
  const names: Names = async (output) => {
    const name = `${prefix}-${NAMES[output]}`;
    if (/_(table|function)_name$/.test(output)) return name;
    if (output.endsWith('_queue_url') || output.endsWith('_dlq_url')) {
      const { QueueUrl = '' } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
      return QueueUrl;
    }
    const account = (await names('input_queue_url')).split('/').at(-2);
    const region = await sqs.config.region();
    if (output === 'bedrock_calls_bucket_name') return `${name}-${account}-${region}`;
    return `arn:${partitionOf(region)}:sns:${region}:${account}:${name}`;
  };
  return names;
}

/** @see https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
