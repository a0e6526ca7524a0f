/** What Lambda's read calls tell of a stack: its functions and their triggers, as they are declared. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { EvaluatedStack, Resource } from '../terraform/stack.ts';

/** An account's default. Nothing here takes a part of it for itself. */
const CONCURRENT_EXECUTIONS = 1_000;

/** Undefined: there is no such function. */
export function functionConfiguration(stack: EvaluatedStack, functionName: string) {
  const found = functionOf(stack, functionName);
  return (
    found && {
      FunctionName: functionName,
      FunctionArn: found.text('arn'),
      Runtime: found.text('runtime'),
      Handler: found.text('handler'),
      MemorySize: found.number('memory_size', 128),
      Timeout: found.number('timeout', 3),
      CodeSha256: createHash('sha256')
        .update(readFileSync(stack.file(found.text('filename'))))
        .digest('base64'),
      State: 'Active',
      LastUpdateStatus: 'Successful',
    }
  );
}

/** Of queues and streams. */
export function eventSourceMappings(stack: EvaluatedStack, functionName: string) {
  const arn = functionOf(stack, functionName)?.text('arn');
  const mappings = stack
    .resources('aws_lambda_event_source_mapping')
    .filter((mapping) => [functionName, arn].includes(mapping.text('function_name')))
    .map((mapping) => {
      const { maximum_concurrency } = mapping.blocks('scaling_config')[0] ?? {};
      return {
        EventSourceArn: mapping.text('event_source_arn'),
        FunctionArn: arn,
        State: mapping.flag('enabled', true) ? 'Enabled' : 'Disabled',
        ...(maximum_concurrency !== undefined && {
          ScalingConfig: { MaximumConcurrency: Number(maximum_concurrency) },
        }),
      };
    });
  return { EventSourceMappings: mappings };
}

export function accountSettings() {
  return {
    AccountLimit: {
      ConcurrentExecutions: CONCURRENT_EXECUTIONS,
      UnreservedConcurrentExecutions: CONCURRENT_EXECUTIONS,
    },
  };
}

function functionOf(stack: EvaluatedStack, functionName: string): Resource | undefined {
  return stack
    .resources('aws_lambda_function')
    .find((resource) => resource.text('function_name') === functionName);
}
