import { rmSync } from 'node:fs';
import path from 'node:path';

/** What a synthesis may write for a stack: JSON, or HCL (`cdktf synth --hcl`). */
const CONFIGURATIONS = ['cdk.tf.json', 'cdk.tf'];

/**
 * Removes what an earlier synthesis wrote for the stack. Terraform reads all configuration files of a folder, and would
 * find every variable declared twice in the JSON of one synthesis beside the HCL of another.
 */
export function removeConfiguration(outdir: string, stack: string): void {
  for (const file of CONFIGURATIONS) rmSync(path.join(outdir, 'stacks', stack, file), { force: true });
}
