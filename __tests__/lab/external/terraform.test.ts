import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkNames } from '../../../src/cli/report/run-applied.ts';
import { emulatorOverride, prepareEmulatedStack } from '../../../src/lab/external/emulated-stack.ts';
import { ExternalToolError, MissingToolError } from '../../../src/lab/external/errors.ts';
import { leftovers } from '../../../src/lab/external/leftovers.ts';
import { onPath } from '../../../src/lab/external/python-tool.ts';
import { Terraform } from '../../../src/lab/external/terraform.ts';
import { startEmulators } from '../../../src/local/emulators.ts';
import { synthesise } from '../../stack/synthesis.ts';

const stack = synthesise();
const ENDPOINT = 'http://127.0.0.1:5000';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'smoother terraform '));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the stack for an emulator', () => {
  it('asks the emulator for every service that the stack has resources of', () => {
    // By the first word after `aws_`, where the resource's name does not begin with its service.
    const named: Record<string, string> = {
      cloudwatch_event: 'events',
      cloudwatch_log: 'logs',
      sqs: 'sqs',
    };
    const services = Object.keys(stack.resource).map((type) => {
      const [, long = '', short = ''] = /^aws_((\w+?)_[a-z]+)/.exec(type) ?? [];
      return named[long] ?? short;
    });
    const override = emulatorOverride(stack, ENDPOINT) as {
      provider: { aws: { endpoints: object[]; http_proxy: string }[] };
    };
    const endpoints = override.provider.aws[0]?.endpoints[0] ?? {};
    expect(Object.keys(endpoints)).toEqual(expect.arrayContaining([...new Set(services), 'sts']));
    const { s3control, ...direct } = endpoints as Record<string, string>;
    expect(new Set(Object.values(direct))).toEqual(new Set([ENDPOINT]));
    // Its host starts with the account, and so has to be reached by way of the emulator.
    expect(s3control).not.toContain('127.0.0.1');
    expect(override.provider.aws[0]?.http_proxy).toBe(ENDPOINT);
  });

  it('rests the event sources of the emulator, all of them', () => {
    const { resource } = emulatorOverride(stack, ENDPOINT) as { resource: Record<string, object> };
    const rest = Object.keys(stack.resource.aws_lambda_event_source_mapping ?? {}).map((name) => [
      name,
      { enabled: false },
    ]);
    expect(rest).toHaveLength(4);
    expect(resource.aws_lambda_event_source_mapping).toEqual(Object.fromEntries(rest));
    // The emulator has no saved queries.
    const queries = Object.values(resource.aws_cloudwatch_query_definition ?? {});
    expect(queries.length).toBeGreaterThan(0);
    expect(queries).toEqual(queries.map(() => ({ count: 0 })));
  });

  it('is a copy: the synthesised folder stays as it is', () => {
    const [synthesised, copy] = [path.join(folder, 'synthesised'), path.join(folder, 'copy')];
    mkdirSync(synthesised);
    writeFileSync(path.join(synthesised, 'cdk.tf.json'), JSON.stringify(stack));
    prepareEmulatedStack(synthesised, copy, stack, ENDPOINT);
    expect(existsSync(path.join(synthesised, 'emulator_override.tf.json'))).toBe(false);
    expect(readFileSync(path.join(copy, 'cdk.tf.json'), 'utf8')).toBe(JSON.stringify(stack));
  });
});

/** A script in place of terraform, in a folder of its own. */
function scripted(body: string): string {
  writeFileSync(path.join(folder, 'terraform'), `#!/bin/sh\n${body}\n`);
  chmodSync(path.join(folder, 'terraform'), 0o755);
  return folder;
}

describe('applying and destroying', () => {
  const VARIABLES = { notification_email: 'a@b.c', force_destroy: 'true' };
  const GIVEN = ['-input=false', '-var', 'notification_email=a@b.c', '-var', 'force_destroy=true'];
  /** Notes its arguments, line by line, and answers as terraform does. `left` is what the state still holds. */
  const recording = (left = '') =>
    scripted(`
      echo "$@" >> calls
      case "$1" in
        output) echo '{"region":{"value":"eu-west-1"}}';;
        state) printf '${left}';;
        fails) exit 1;;
      esac
    `);
  const calls = () => readFileSync(path.join(folder, 'calls'), 'utf8').trim().split('\n');

  it('goes by a plan, and gives what the stack says of itself', () => {
    const steps: string[] = [];
    const terraform = new Terraform({
      folder,
      folders: recording(),
      onStep: (command) => steps.push(command),
    });
    terraform.init();
    expect(terraform.apply(VARIABLES)).toEqual({ region: { value: 'eu-west-1' } });
    expect(steps).toEqual(['init', 'validate', 'plan', 'apply', 'output']);
    expect(calls()).toEqual([
      'init -input=false -no-color',
      'validate -no-color',
      `plan ${GIVEN.join(' ')} -out=plan.bin -no-color`,
      'apply -input=false plan.bin -no-color',
      'output -json -no-color',
    ]);
  });

  it('destroys with the same variables, and looks whether anything is left', () => {
    new Terraform({ folder, folders: recording() }).destroy(VARIABLES);
    expect(calls()).toEqual([`destroy ${GIVEN.join(' ')} -auto-approve -no-color`, 'state list -no-color']);
    const leaving = new Terraform({
      folder,
      folders: recording('aws_sqs_queue.input\\naws_s3_bucket.calls\\n'),
    });
    expect(() => leaving.destroy(VARIABLES)).toThrow(
      new ExternalToolError('terraform', 'destroy left aws_sqs_queue.input, aws_s3_bucket.calls'),
    );
  });

  it('tells what a second plan would change, and that it would change nothing', () => {
    const planning = (exitCode: number, plan: object) =>
      new Terraform({
        folder,
        folders: scripted(`
          echo "$@" >> calls
          case "$1" in
            plan) exit ${exitCode};;
            show) echo '${JSON.stringify(plan)}';;
          esac
        `),
      });
    expect(planning(0, { resource_changes: [] }).changes(VARIABLES)).toEqual([]);
    expect(calls()).toEqual([
      `plan ${GIVEN.join(' ')} -detailed-exitcode -out=plan.bin -no-color`,
      'show -json plan.bin -no-color',
    ]);
    const change = { actions: ['update'], before: { name: 'a', rule: 1 }, after: { name: 'a', rule: 2 } };
    const updating = planning(2, { resource_changes: [{ address: 'aws_sqs_queue.input', change }] });
    expect(updating.changes(VARIABLES)).toEqual([{ address: 'aws_sqs_queue.input', attribute: 'rule' }]);
    expect(() => planning(1, {}).changes(VARIABLES)).toThrow('plan failed');
  });

  it('stops where a command fails', () => {
    const folders = scripted(
      'echo "$1" >> calls; [ "$1" != plan ] || { echo "Error: no such type" >&2; exit 1; }',
    );
    expect(() => new Terraform({ folder, folders }).apply(VARIABLES)).toThrow(
      new ExternalToolError('terraform', 'plan failed: Error: no such type'),
    );
    expect(calls()).toEqual(['validate', 'plan']);
  });

  it('takes providers from the mirror alone, where one is given', () => {
    const folders = scripted('cat "$TF_CLI_CONFIG_FILE" > calls');
    new Terraform({ folder, folders, providerMirror: 'my mirror' }).init();
    expect(calls().join(' ')).toMatch(
      new RegExp(`^provider_installation .*filesystem_mirror .*path = "${path.resolve('my mirror')}" .*}$`),
    );
    expect(calls().join(' ')).not.toContain('direct');
  });
});

describe('names that were applied', () => {
  const outputs = { requests_table_name: { value: 'a-requests' }, region: { value: 'eu-west-1' } };

  it('are those that the local cloud would give, other outputs aside', () => {
    checkNames({ requests_table_name: 'a-requests', region: 'us-east-1' }, outputs);
  });

  it('that differ are told apart by both', () => {
    expect(() => checkNames({ requests_table_name: 'b-requests' }, outputs)).toThrow(
      'output requests_table_name is a-requests, the local cloud has b-requests',
    );
  });
});

it('what stands in an emulator is named, and an empty one has nothing', async () => {
  const emulators = await startEmulators();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const config = { region: 'us-east-1', credentials };
  const sqs = new SQSClient({ ...config, endpoint: emulators.sqsUrl });
  const s3 = new S3Client({ ...config, endpoint: emulators.s3Url, forcePathStyle: true });
  try {
    expect(await leftovers(emulators)).toEqual([]);
    await sqs.send(new CreateQueueCommand({ QueueName: 'forgotten' }));
    await s3.send(new CreateBucketCommand({ Bucket: 'kept' }));
    expect(await leftovers(emulators)).toEqual(['queue forgotten', 'bucket kept']);
  } finally {
    for (const client of [sqs, s3]) client.destroy();
    await emulators.stop();
  }
});

describe('what is missing is said', () => {
  it('without terraform', () => {
    expect(() => new Terraform({ folder, folders: '/nowhere' })).toThrow(MissingToolError);
    expect(() => new Terraform({ folder, folders: '/nowhere' })).toThrow('not found on the PATH');
  });

  it('without a registry', () => {
    const folders = scripted('echo "Error: Failed to query available provider packages" >&2; exit 1');
    expect(() => new Terraform({ folder, folders }).init()).toThrow(
      /Failed to query .*no registry answered and no mirror was given.*SMOOTHER_PROVIDER_MIRROR/s,
    );
  });

  it('any other failure is told as it is', () => {
    const folders = scripted('echo "Error: Unsupported argument" >&2; exit 1');
    const initialise = () => new Terraform({ folder, folders }).init();
    expect(initialise).toThrow(
      new ExternalToolError('terraform', 'init failed: Error: Unsupported argument'),
    );
  });

  // The nearest to the provider that one gets without network: Terraform reads the stack, merges the override, takes
  // the backend, and looks for exactly this provider in exactly this mirror.
  it.runIf(onPath('terraform'))('by Terraform itself, with an empty mirror', () => {
    const [synthesised, copy, mirror] = ['synthesised', 'copy', 'mirror'].map((it) =>
      path.join(folder, it),
    ) as [string, string, string];
    for (const made of [synthesised, mirror]) mkdirSync(made);
    writeFileSync(path.join(synthesised, 'cdk.tf.json'), JSON.stringify(stack));
    prepareEmulatedStack(synthesised, copy, stack, ENDPOINT);
    const terraform = new Terraform({ folder: copy, providerMirror: mirror });
    expect(() => terraform.init()).toThrow(MissingToolError);
    expect(() => terraform.init()).toThrow(
      /provider registry\.terraform\.io\/hashicorp\/aws was not found in any of the\s+search locations\s+- .*mirror.*it is not in the mirror/s,
    );
  });
});
