import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Change, changesOf } from './drift.ts';
import { ExternalToolError, MissingToolError } from './errors.ts';
import { onPath } from './python-tool.ts';

export interface TerraformOptions {
  /** The folder of the configuration. */
  folder: string;
  /** A folder that `terraform providers mirror` has filled, in place of the registry. */
  providerMirror?: string;
  /** Where to look for the program, in the form of PATH. */
  folders?: string;
  /** Called before each command. */
  onStep?: (command: string) => void;
}

/** The outputs of the applied stack. */
export type AppliedOutputs = Record<string, { value: unknown }>;

/** Terraform's message when it finds no provider: there is no registry, or nothing in the mirror. */
const NO_PROVIDER = /Failed to query available provider packages|Failed to install provider/;
const PLAN = 'plan.bin';
/** Exit code of `plan -detailed-exitcode` when there is something to change. */
const CHANGES = 2;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Terraform in one folder. */
export class Terraform {
  readonly #options: TerraformOptions;
  readonly #program: string;
  readonly #environment: NodeJS.ProcessEnv;

  /** @throws MissingToolError when there is no terraform on the PATH */
  constructor(options: TerraformOptions) {
    this.#options = options;
    const { folder, providerMirror, folders = process.env.PATH ?? '' } = options;
    const program = onPath('terraform', folders);
    if (program === undefined) {
      throw new MissingToolError(
        'terraform',
        'not found on the PATH; install Terraform 1.5 or newer (https://developer.hashicorp.com/terraform/install)',
      );
    }
    this.#program = program;
    this.#environment = { ...process.env, TF_IN_AUTOMATION: 'true', CHECKPOINT_DISABLE: 'true' };
    if (providerMirror !== undefined) {
      const file = path.join(folder, 'mirror.tfrc');
      writeFileSync(file, mirrorConfiguration(providerMirror));
      this.#environment.TF_CLI_CONFIG_FILE = file;
    }
  }

  /** @throws MissingToolError when the provider is nowhere to be found */
  init(): void {
    try {
      this.#run(['init', '-input=false']);
    } catch (error) {
      if (!(error instanceof ExternalToolError && NO_PROVIDER.test(error.reason))) throw error;
      const { providerMirror } = this.#options;
      throw new MissingToolError(
        'terraform',
        `${error.reason}\n\nThe AWS provider is missing: ${
          providerMirror === undefined
            ? 'no registry answered and no mirror was given'
            : `it is not in the mirror ${providerMirror}`
        }. Where there is network, "terraform providers mirror DIR" in the stack's folder fills a mirror; then give --provider-mirror DIR or SMOOTHER_PROVIDER_MIRROR.`,
      );
    }
  }

  /**
   * Validates, plans and applies.
   * @returns the outputs
   * @throws ExternalToolError
   */
  apply(variables: Readonly<Record<string, string>>): AppliedOutputs {
    this.#run(['validate']);
    this.#run(['plan', ...inputs(variables), `-out=${PLAN}`]);
    this.#run(['apply', '-input=false', PLAN]);
    return JSON.parse(this.#run(['output', '-json']));
  }

  /**
   * What a second plan would change of the applied stack. Nothing, when AWS keeps and returns what it was given.
   * @throws ExternalToolError
   */
  changes(variables: Readonly<Record<string, string>>): Change[] {
    this.#run(['plan', ...inputs(variables), '-detailed-exitcode', `-out=${PLAN}`], [0, CHANGES]);
    return changesOf(JSON.parse(this.#run(['show', '-json', PLAN])));
  }

  /** @throws ExternalToolError when it fails, or when something is left in Terraform's state */
  destroy(variables: Readonly<Record<string, string>>): void {
    this.#run(['destroy', ...inputs(variables), '-auto-approve']);
    const left = this.#run(['state', 'list']).trim();
    if (left !== '') throw new ExternalToolError('terraform', `destroy left ${left.replaceAll('\n', ', ')}`);
  }

  /** Runs a command and returns what it printed. */
  #run(args: string[], successes: readonly (number | null)[] = [0]): string {
    this.#options.onStep?.(args[0] ?? '');
    const { status, stdout, stderr, error } = spawnSync(this.#program, [...args, '-no-color'], {
      cwd: this.#options.folder,
      env: this.#environment,
      encoding: 'utf8',
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    if (error === undefined && successes.includes(status)) return stdout;
    throw new ExternalToolError(
      'terraform',
      `${args[0]} failed: ${error?.message ?? (stderr || stdout).trim()}`,
    );
  }
}

function inputs(variables: Readonly<Record<string, string>>): string[] {
  const pairs = Object.entries(variables).flatMap(([name, value]) => ['-var', `${name}=${value}`]);
  return ['-input=false', ...pairs];
}

function mirrorConfiguration(folder: string): string {
  return `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(path.resolve(folder))}\n  }\n}\n`;
}
