import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { parseJson } from '../../core/request/json.ts';
import { UsageError } from '../terminal/flags.ts';

/** The stack's outputs by name. */
export type Outputs = Record<string, unknown>;

/** What `terraform output -json` prints. */
const printed = z.record(z.string(), z.object({ value: z.unknown() }));

const STACK_FOLDER = path.resolve(import.meta.dirname, '../../../cdktf.out/stacks/bedrock-request-smoother');

/**
 * What `terraform output -json` says, from a file of that (`--outputs`), or from Terraform itself in the stack's folder.
 * @throws UsageError when there is neither
 */
export function readOutputs(file: string | undefined): Outputs {
  const text = file === undefined ? askTerraform() : readFileSync(file, 'utf8');
  const parsed = printed.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new UsageError('outputs', 'must be a file with what "terraform output -json" prints', file);
  }
  return Object.fromEntries(Object.entries(parsed.data).map(([name, { value }]) => [name, value]));
}

/** @throws UsageError when there is no such output: the file is of something else, or nothing is applied */
export function outputOf(outputs: Outputs, name: string): string {
  const value = outputs[name];
  if (typeof value !== 'string') {
    throw new UsageError('outputs', `has no ${name}; is the stack applied?`);
  }
  return value;
}

function askTerraform(): string {
  const { status, stdout } = spawnSync('terraform', ['output', '-json'], {
    cwd: STACK_FOLDER,
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  throw new UsageError(
    'outputs',
    `FILE is needed (what "terraform output -json" prints), since Terraform told nothing in ${STACK_FOLDER}`,
  );
}
