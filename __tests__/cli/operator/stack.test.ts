import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DEFAULT_PREFIX,
  nameSource,
  namesFrom,
  namesWith,
  type OutputName,
  readOutputs,
} from '../../../src/cli/operator/stack.ts';
import { startEmulators } from '../../../src/local/emulators.ts';
import { VARIABLES } from '../../../src/stack/variable-table.ts';
import { evaluate, REQUIRED, synthesise } from '../../stack/synthesis.ts';

describe('where the names of a stack come from', () => {
  const environment = { SMOOTHER_OUTPUTS: 'environment.json' };
  const byDefault = { from: 'prefix', prefix: DEFAULT_PREFIX };

  it.each([
    [
      'a file by flag first',
      { outputs: 'flag.json' },
      environment,
      true,
      { from: 'file', file: 'flag.json' },
    ],
    ['a prefix by flag too', { namePrefix: 'mine' }, environment, true, { from: 'prefix', prefix: 'mine' }],
    ['then the environment', {}, environment, true, { from: 'file', file: 'environment.json' }],
    ['then Terraform', {}, {}, true, { from: 'terraform' }],
    ['the default where Terraform has never run', {}, {}, false, byDefault],
    [
      'empty values count as missing',
      { outputs: '', namePrefix: '' },
      { SMOOTHER_OUTPUTS: '' },
      false,
      byDefault,
    ],
  ])('%s', (_, flags, env, isInitialised, expected) => {
    expect(nameSource(flags, env, isInitialised)).toEqual(expected);
  });

  it('the default is that of the variable name_prefix', () => {
    expect(VARIABLES.find(({ name }) => name === 'name_prefix')).toMatchObject({ default: DEFAULT_PREFIX });
  });
});

describe('a file of outputs', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'smoother-outputs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (text: string) => {
    const file = path.join(folder, 'outputs.json');
    writeFileSync(file, text);
    return readOutputs({ from: 'file', file });
  };

  it('is read as Terraform prints it', async () => {
    const names = namesFrom(
      read('{"input_queue_url": {"sensitive": false, "type": "string", "value": "https://queue"}}'),
    );
    expect(await names('input_queue_url')).toBe('https://queue');
    await expect(names('input_dlq_url')).rejects.toThrow('have no input_dlq_url');
  });

  it.each(['', '[1]', '{}', '{"a": null}'])('is refused when it is something else: %s', (text) => {
    expect(() => read(text)).toThrow('outputs.json must hold what "terraform output -json" prints');
  });

  it('is named when it is not there', () => {
    expect(() => readOutputs({ from: 'file', file: 'none.json' })).toThrow('got "none.json"');
  });
});

it('names by prefix are those that the stack gives', async () => {
  const prefix = 'team-a';
  const { outputs } = evaluate(synthesise(), { ...REQUIRED, name_prefix: prefix });
  const emulators = await startEmulators();
  const sqs = new SQSClient({
    endpoint: emulators.sqsUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  try {
    const names = namesWith(prefix, sqs);
    const queues = ['input_queue_url', 'input_dlq_url', 'hold_next_batch_queue_url'] as const;
    const others = ['hold_next_batch_dlq_url', 'reporting_dlq_url', 'bedrock_results_queue_url'] as const;
    for (const output of [...queues, ...others]) {
      const QueueName = String(outputs[output]).split('/').at(-1);
      await sqs.send(new CreateQueueCommand({ QueueName }));
      expect((await names(output)).split('/').at(-1)).toBe(QueueName);
    }
    const tables = ['requests_table_name', 'lanes_table_name', 'reporting_table_name'] as const;
    const functions = [
      'request_ingestion_function_name',
      'prioritization_function_name',
      'invocation_function_name',
      'reporting_function_name',
      'batch_function_name',
    ] as const;
    for (const output of [...tables, ...functions]) expect(await names(output)).toBe(outputs[output]);
    expect(await names('alarm_topic_arn')).toBe(
      `arn:aws:sns:us-east-1:${emulators.accountId}:${prefix}-alarms`,
    );
    const bucket: OutputName = 'bedrock_calls_bucket_name';
    // The emulator's account is another than the one of the evaluated stack.
    expect((await names(bucket)).replace(emulators.accountId, '')).toBe(
      String(outputs[bucket]).replace(/\d{12}/, ''),
    );
  } finally {
    sqs.destroy();
    await emulators.stop();
  }
});
