/** A copy of the synthesised stack's folder that Terraform applies to an emulator instead of AWS. */
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StackJson } from './checkov.ts';

/** The services that the stack's resources belong to, as the provider names their endpoints. */
const SERVICES = ['cloudwatch', 'dynamodb', 'events', 'iam', 'lambda', 'logs', 's3', 'sns', 'sqs', 'sts'];
/**
 * The provider reads a bucket's tags from S3 Control, at `<account>.<endpoint>`, which no resolver knows for an emulator. So
 * such a call goes through the emulator as its proxy: moto answers a request for a whole URL by its path. Calls to loopback
 * addresses go directly, whatever the proxy.
 */
const S3_CONTROL = 'http://s3-control.emulator';
/** Terraform merges a file with such a name into the configuration beside it. */
const OVERRIDE = 'emulator_override.tf.json';
const MOCK = 'mock';

/**
 * The override: all services at one endpoint, dummy credentials, the state beside the configuration, and disabled event
 * sources, since the emulator's own would compete with the functions that the local cloud runs.
 */
export function emulatorOverride({ resource }: StackJson, endpoint: string): object {
  const mappings = Object.keys(resource.aws_lambda_event_source_mapping ?? {});
  const queries = Object.keys(resource.aws_cloudwatch_query_definition ?? {});
  return {
    terraform: { backend: { local: { path: 'terraform.tfstate' } } },
    provider: {
      aws: [
        {
          access_key: MOCK,
          secret_key: MOCK,
          skip_credentials_validation: true,
          skip_metadata_api_check: true,
          s3_use_path_style: true,
          http_proxy: endpoint,
          endpoints: [
            {
              ...Object.fromEntries(SERVICES.map((service) => [service, endpoint])),
              s3control: S3_CONTROL,
            },
          ],
        },
      ],
    },
    resource: {
      aws_lambda_event_source_mapping: Object.fromEntries(mappings.map((name) => [name, { enabled: false }])),
      // moto has no saved queries.
      aws_cloudwatch_query_definition: Object.fromEntries(queries.map((name) => [name, { count: 0 }])),
    },
  };
}

/** Copies the stack's folder and adds the override. */
export function prepareEmulatedStack(folder: string, copy: string, stack: StackJson, endpoint: string): void {
  cpSync(folder, copy, { recursive: true });
  writeFileSync(path.join(copy, OVERRIDE), JSON.stringify(emulatorOverride(stack, endpoint), undefined, 2));
}
