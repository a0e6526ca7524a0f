/** `npm run smoother -- COMMAND`: what an operator does to lanes, dead letters and failed requests. docs/operations.md. */
import { dynamoClient, s3Client, sqsClient } from '../../aws/clients.ts';
import { dynamoLanes } from '../../aws/dynamodb/lane-ports.ts';
import { dynamoWatch } from '../../aws/dynamodb/lane-states.ts';
import {
  dynamoChangedRecords,
  dynamoFailedRequests,
  sqsDeadLetters,
  sqsTarget,
} from '../../aws/dynamodb/operations.ts';
import { dynamoReportRows } from '../../aws/dynamodb/report-rows.ts';
import { s3Payloads } from '../../aws/s3.ts';
import { systemClock } from '../../core/clock.ts';
import { recount } from '../../core/operations/recount.ts';
import { operateDeadLetters } from '../operator/dead-letters.ts';
import { operateFailed } from '../operator/failed.ts';
import { operateLanes } from '../operator/lanes.ts';
import { outputOf, readOutputs } from '../operator/outputs.ts';
import { runCommand } from '../terminal/command.ts';
import { readFlags } from '../terminal/flags.ts';

const write = (line: string) => console.log(line);

await runCommand(async (args) => {
  const [command, action, ...rest] = args;
  const [dynamo, sqs, s3] = [dynamoClient(), sqsClient(), s3Client(process.env)];
  try {
    if (command === 'dead-letters') {
      const flags = readFlags(rest, ['queue', 'id', 'outputs']);
      return await operateDeadLetters(
        action,
        flags,
        () => readOutputs(flags.outputs),
        {
          deadLetters: (url) => sqsDeadLetters(sqs, url),
          target: (url) => sqsTarget(sqs, url),
          recount: (outputs, intervals) =>
            recount(
              dynamoReportRows(dynamo, outputOf(outputs, 'reporting_table_name')),
              dynamoChangedRecords(dynamo, outputOf(outputs, 'requests_table_name')),
              intervals,
            ),
        },
        write,
      );
    }
    if (command === 'failed') {
      const flags = readFlags(rest, ['id', 'outputs']);
      const portsOf = () => {
        const outputs = readOutputs(flags.outputs);
        const bucket = outputOf(outputs, 'bedrock_calls_bucket_name');
        return {
          failed: dynamoFailedRequests(dynamo, outputOf(outputs, 'requests_table_name')),
          objects: s3Payloads(s3, bucket),
          bucket,
          input: sqsTarget(sqs, outputOf(outputs, 'input_queue_url')),
        };
      };
      return await operateFailed(action, flags, portsOf, write);
    }
    return await operateLanes(
      args,
      process.env,
      (table) => ({ ...dynamoLanes(dynamo, table), watch: dynamoWatch(dynamo, table) }),
      { clock: systemClock, write },
    );
  } finally {
    for (const client of [dynamo, sqs, s3]) client.destroy();
  }
});
