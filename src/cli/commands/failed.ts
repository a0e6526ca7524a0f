import { dynamoFailedRequests, sqsTarget } from '../../aws/dynamodb/operations.ts';
import { s3Payloads } from '../../aws/s3.ts';
import { EXIT } from '../command.ts';
import { FAILED_ACTIONS, operateFailed } from '../operator/failed.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { choiceArgument } from '../terminal/options.ts';

export default operatorCommand('smoother failed list', 'smoother failed retry --id REQUEST_ID')
  .addArgument(
    choiceArgument('<action>', 'list; retry: run again as new requests; drop: forget', FAILED_ACTIONS),
  )
  .option('--id <request_id>', 'this request only')
  .action((action, { id, ...flags }) =>
    withStack(flags, async ({ names, dynamo, sqs, s3 }) => {
      const bucket = await names('bedrock_calls_bucket_name');
      const ports = {
        failed: dynamoFailedRequests(dynamo, await names('requests_table_name')),
        objects: s3Payloads(s3, bucket),
        bucket,
        input: sqsTarget(sqs, await names('input_queue_url')),
      };
      const done = await operateFailed(action, { id }, ports, console.log);
      if (!done) process.exitCode = EXIT.failed;
    }),
  );
