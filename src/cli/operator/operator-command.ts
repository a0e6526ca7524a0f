/** What the operators' commands share: which stack is meant, and clients for it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { Option } from '@commander-js/extra-typings';
import { dynamoClient, s3Client, sqsClient } from '../../aws/clients.ts';
import { command } from '../command.ts';
import { inputFile } from '../terminal/options.ts';
import {
  type Names,
  nameSource,
  namesFrom,
  namesWith,
  readOutputs,
  STACK_FOLDER,
  type StackFlags,
} from './stack.ts';

export interface Stack {
  names: Names;
  /** The Region of its outputs, where there are any. */
  region?: string;
  dynamo: DynamoDBClient;
  sqs: SQSClient;
  s3: S3Client;
}

export function operatorCommand(...examples: string[]) {
  return command(...examples)
    .addOption(
      inputFile(
        '--outputs <file>',
        'a file with what "terraform output -json" printed (default: SMOOTHER_OUTPUTS, or else Terraform is asked)',
      ),
    )
    .addOption(
      new Option(
        '--name-prefix <prefix>',
        "the stack's name_prefix, when you do not have its outputs",
      ).conflicts('outputs'),
    );
}

/** Calls `work` with the stack that is meant. The Region is that of its outputs, or else the SDK's default. */
export async function withStack(flags: StackFlags, work: (stack: Stack) => Promise<void>): Promise<void> {
  const source = nameSource(flags, process.env, existsSync(path.join(STACK_FOLDER, '.terraform')));
  const outputs = source.from === 'prefix' ? undefined : readOutputs(source);
  const region = outputs?.region === undefined ? undefined : String(outputs.region);
  const [dynamo, sqs, s3] = [
    dynamoClient({ region }),
    sqsClient({ region }),
    s3Client(process.env, { region }),
  ];
  try {
    const names = source.from === 'prefix' ? namesWith(source.prefix, sqs) : namesFrom(outputs ?? {});
    await work({ names, region, dynamo, sqs, s3 });
  } finally {
    for (const client of [dynamo, sqs, s3]) client.destroy();
  }
}
