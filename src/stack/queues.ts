import { Op, TerraformIterator, Token } from 'cdktf';
import type { Construct } from 'constructs';
import type { Context } from './context.ts';
import { ConsumedQueue, MessageQueue } from './message-queue.ts';
import { INGESTION_TIMEOUT_SECONDS } from './timeouts.ts';

/** AWS asks for six times the consumer's timeout, so that a message is never delivered again while a worker still has it. */
const VISIBILITY_PER_TIMEOUT = 6;
const RESULTS = 'bedrock-results';

export interface Queues {
  input: ConsumedQueue;
  holdNextBatch: ConsumedQueue;
  bedrockResults: MessageQueue;
  /** Results queues with names of their own, as the variable results_queues gives them. */
  namedResults: MessageQueue;
  /** Positions of stream batches that reporting failed on. */
  reportingFailures: MessageQueue;
}

export function defineQueues(scope: Construct, context: Context): Queues {
  const each = TerraformIterator.fromList(context.variables.results_queues.listValue);
  return {
    input: new ConsumedQueue(scope, 'input', context, {
      name: 'input',
      visibilityTimeoutSeconds: VISIBILITY_PER_TIMEOUT * INGESTION_TIMEOUT_SECONDS,
    }),
    holdNextBatch: new ConsumedQueue(scope, 'hold_next_batch', context, {
      name: 'hold-next-batch',
      visibilityTimeoutSeconds: Token.asNumber(
        Op.mul(context.variables.invocation_timeout_seconds.value, VISIBILITY_PER_TIMEOUT),
      ),
    }),
    // No dead letters: how often a result may be received is for the consumer to decide, and none may be lost.
    bedrockResults: new MessageQueue(scope, 'bedrock_results', context, {
      name: RESULTS,
      visibilityTimeoutSeconds: context.variables.results_visibility_timeout_seconds.numberValue,
    }),
    // Functions find their URLs by these names (src/aws/sqs.ts): a list of URLs would not fit their environment.
    namedResults: new MessageQueue(scope, 'named_results', context, {
      name: `${RESULTS}-${each.value}`,
      visibilityTimeoutSeconds: context.variables.results_visibility_timeout_seconds.numberValue,
      forEach: each,
    }),
    reportingFailures: new MessageQueue(scope, 'reporting_dlq', context, {
      name: 'reporting-dlq',
      visibilityTimeoutSeconds: 60,
    }),
  };
}
