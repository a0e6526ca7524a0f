import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App } from 'cdktf';
import { FUNCTION_NAMES } from '../../src/core/layout/environment.ts';
import { EvaluatedStack, type Resource } from '../../src/local/terraform/stack.ts';
import type { Backend } from '../../src/stack/backend.ts';
import type { FunctionBundles } from '../../src/stack/bundle.ts';
import { SmootherStack } from '../../src/stack/smoother-stack.ts';

export const STACK = 'bedrock-request-smoother';
export const ACCOUNT = '123456789012';
export const REQUIRED = { notification_email: 'platform-team@example.com' };

/** As much of Terraform's JSON as the tests look into by hand. */
export interface TerraformJson {
  data: Record<string, Record<string, object>>;
  output: Record<string, { value: string; description: string }>;
  resource: Record<string, Record<string, Record<string, unknown>>>;
  terraform: { backend: Record<string, object>; required_version: string };
  variable: Record<string, { default?: unknown; description: string; type: string; validation?: object[] }>;
}

/** What has been written, by backend: a synthesis takes about a second, and many tests look at the same one. */
const written = new Map<Backend, string>();

/** Synthesises in process, with empty zips in place of the functions' code. Each caller gets a copy of its own. */
export function synthesise({ backend = 'local' }: { backend?: Backend } = {}): TerraformJson {
  const text = written.get(backend) ?? synthesised(backend);
  written.set(backend, text);
  return JSON.parse(text);
}

function synthesised(backend: Backend): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'smoother-synthesis-'));
  try {
    const app = new App({ outdir: folder });
    new SmootherStack(app, STACK, { bundles: emptyBundles(folder), backend });
    app.synth();
    return readFileSync(path.join(folder, 'stacks', STACK, 'cdk.tf.json'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The stack with every expression evaluated, as an apply with these variables would see it. */
export function evaluate(
  stack: TerraformJson,
  variables: Record<string, unknown> = REQUIRED,
): EvaluatedStack {
  return new EvaluatedStack({
    stack,
    assetsFolder: '/assets',
    variables,
    accountId: ACCOUNT,
    endpoint: 'http://localhost',
  });
}

/** @throws when there is no resource of that address */
export function resourceAt(stack: EvaluatedStack, address: string): Resource {
  const [type = ''] = address.split('.');
  const found = stack.resources(type).find((resource) => resource.address === address);
  if (!found) throw new Error(`no ${address}`);
  return found;
}

export function jsonOf<T>(resource: Resource, attribute: string): T {
  return JSON.parse(resource.text(attribute));
}

function emptyBundles(folder: string): FunctionBundles {
  const bundles = FUNCTION_NAMES.map((name) => {
    const zip = path.join(folder, `${name}.zip`);
    writeFileSync(zip, '');
    return [name, { path: zip, hash: `hash-of-${name}` }];
  });
  return Object.fromEntries(bundles);
}
