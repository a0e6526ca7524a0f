import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emulatorOverride, prepareEmulatedStack } from '../../src/external/emulated-stack.ts';
import { ExternalToolError, MissingToolError } from '../../src/external/errors.ts';
import { onPath } from '../../src/external/python-tool.ts';
import { Terraform } from '../../src/external/terraform.ts';
import { synthesise } from '../stack/synthesis.ts';

const stack = synthesise();
const ENDPOINT = 'http://127.0.0.1:5000';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'smoother terraform '));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the stack for an emulator', () => {
  test('asks the emulator for every service that the stack has resources of', () => {
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
    const override = emulatorOverride(stack, ENDPOINT) as { provider: { aws: { endpoints: object[] }[] } };
    const endpoints = override.provider.aws[0]?.endpoints[0] ?? {};
    expect(Object.keys(endpoints)).toEqual(expect.arrayContaining([...new Set(services), 'sts']));
    expect(new Set(Object.values(endpoints))).toEqual(new Set([ENDPOINT]));
  });

  test('rests the event sources of the emulator, all of them', () => {
    const { resource } = emulatorOverride(stack, ENDPOINT) as { resource: Record<string, object> };
    const rest = Object.keys(stack.resource.aws_lambda_event_source_mapping ?? {}).map((name) => [
      name,
      { enabled: false },
    ]);
    expect(rest).toHaveLength(3);
    expect(resource.aws_lambda_event_source_mapping).toEqual(Object.fromEntries(rest));
  });

  test('is a copy: the synthesised folder stays as it is', () => {
    const [synthesised, copy] = [path.join(folder, 'synthesised'), path.join(folder, 'copy')];
    mkdirSync(synthesised);
    writeFileSync(path.join(synthesised, 'cdk.tf.json'), JSON.stringify(stack));
    prepareEmulatedStack(synthesised, copy, stack, ENDPOINT);
    expect(existsSync(path.join(synthesised, 'emulator_override.tf.json'))).toBe(false);
    expect(readFileSync(path.join(copy, 'cdk.tf.json'), 'utf8')).toBe(JSON.stringify(stack));
  });
});

describe('what is missing is said', () => {
  test('without terraform', () => {
    expect(() => new Terraform({ folder, folders: '/nowhere' })).toThrow(MissingToolError);
    expect(() => new Terraform({ folder, folders: '/nowhere' })).toThrow('not found on the PATH');
  });

  /** A script in place of terraform, in a folder of its own. */
  function scripted(body: string): string {
    writeFileSync(path.join(folder, 'terraform'), `#!/bin/sh\n${body}\n`);
    chmodSync(path.join(folder, 'terraform'), 0o755);
    return folder;
  }

  test('without a registry', () => {
    const folders = scripted('echo "Error: Failed to query available provider packages" >&2; exit 1');
    expect(() => new Terraform({ folder, folders }).init()).toThrow(
      /Failed to query .*no registry answered and no mirror was given.*SMOOTHER_PROVIDER_MIRROR/s,
    );
  });

  test('any other failure is told as it is', () => {
    const folders = scripted('echo "Error: Unsupported argument" >&2; exit 1');
    const initialise = () => new Terraform({ folder, folders }).init();
    expect(initialise).toThrow(
      new ExternalToolError('terraform', 'init failed: Error: Unsupported argument'),
    );
  });

  // The nearest to the provider that one gets without network: Terraform reads the stack, merges the override, takes
  // the backend, and looks for exactly this provider in exactly this mirror.
  test.runIf(onPath('terraform'))('by Terraform itself, with an empty mirror', () => {
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
