// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
/**
 * The stack's graph of resources in `terraform_data`, which needs no provider: Terraform itself plans, applies and destroys
 * it. What is protected against deletion in AWS fails to be destroyed here, too.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TerraformJson } from './synthesis.ts';

export interface Outcome {
  failed: boolean;
  /** What Terraform printed. */
  output: string;
}

export class StandIns {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'smoother-stand-ins-'));

  constructor(json: TerraformJson) {
    writeFileSync(path.join(this.#folder, 'main.tf.json'), JSON.stringify(standInsOf(json)));
    const { failed, output } = this.#run('init');
    if (failed) throw new Error(output);
  }

  apply(variables: Record<string, string>): Outcome {
    return this.#run('apply', '-auto-approve', ...flagsOf(variables));
  }

  destroy(variables: Record<string, string>): Outcome {
    return this.#run('destroy', '-auto-approve', ...flagsOf(variables));
  }

  /** What exists: the id of each resource by its address. A resource that was replaced has another id. */
  existing(): Map<string, string> {
    const { resources } = JSON.parse(readFileSync(path.join(this.#folder, 'terraform.tfstate'), 'utf8')) as {
      resources: { name: string; instances: { index_key?: string; attributes: { id: string } }[] }[];
    };
    return new Map(
      resources.flatMap(({ name, instances }) =>
        instances.map(({ index_key: key, attributes }): [string, string] => [
          addressOf(name) + (key === undefined ? '' : `["${key}"]`),
          attributes.id,
        ]),
      ),
    );
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #run(...args: string[]): Outcome {
    return terraform(this.#folder, ...args, '-input=false');
  }
}

export function terraform(folder: string, ...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync('terraform', [...args, '-no-color'], {
    cwd: folder,
    // With so much memory free, Go's garbage need not be collected as often: a fifth less of the processor.
    env: { ...process.env, CHECKPOINT_DISABLE: 'true', GOGC: '400' },
    encoding: 'utf8',
  });
  return { failed: status !== 0, output: `${stdout}${stderr}` };
}

const flagsOf = (variables: Record<string, string>) =>
  Object.entries(variables).flatMap(([name, value]) => ['-var', `${name}=${value}`]);

const SEPARATOR = '--';
const nameOf = (address: string) => address.replace('.', SEPARATOR);
const addressOf = (name: string) => name.replace(SEPARATOR, '.');

function standInsOf({ resource }: TerraformJson) {
  const all = Object.entries(resource).flatMap(([type, blocks]) =>
    Object.entries(blocks).map(([name, block]) => ({ address: `${type}.${name}`, block })),
  );
  const addresses = all.map(({ address }) => address);
  const standIns = all.map(({ address, block: { '//': _, ...block } }) => {
    const text = JSON.stringify(block);
    const isProtected = block.deletion_protection_enabled !== undefined;
    return [
      nameOf(address),
      {
        // What there is for each of something, there is for each of the results_queues.
        ...(block.for_each !== undefined && { for_each: '${var.results_queues}' }),
        // A new prefix gives everything a new name, and so replaces it.
        triggers_replace: '${var.name_prefix}',
        input: '${var.force_destroy}',
        depends_on: addresses
          .filter((other) => mentions(text, other))
          .map((other) => `terraform_data.${nameOf(other)}`),
        ...(isProtected && {
          provisioner: [
            { 'local-exec': { when: 'destroy', command: 'echo protected; test ${self.input} = true' } },
          ],
        }),
      },
    ];
  });
  return {
    variable: {
      name_prefix: { type: 'string' },
      force_destroy: { type: 'bool' },
      results_queues: { type: 'set(string)' },
    },
    resource: { terraform_data: Object.fromEntries(standIns) },
  };
}

/** As a reference or in `depends_on`, and not as the start of a longer name. */
function mentions(text: string, address: string): boolean {
  return new RegExp(`\\b${address.replace('.', '\\.')}\\b`).test(text);
}
