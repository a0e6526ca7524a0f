/**
 * `npm run e2e:terraform [-- flags]`: Terraform itself, with the real AWS provider, validates, plans and applies the
 * synthesised stack to an emulator; the functions work on what was applied; destroy leaves nothing. docs/deployment.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { StackJson } from '../external/checkov.ts';
import { prepareEmulatedStack } from '../external/emulated-stack.ts';
import { ExternalToolError } from '../external/errors.ts';
import { MOTO, startMoto } from '../external/moto.ts';
import { providePythonTool } from '../external/python-tool.ts';
import { Terraform } from '../external/terraform.ts';
import { startLocalCloud } from '../local/local-cloud.ts';
import { runCommand, untilSignal } from './command.ts';
import { readFlags } from './flags.ts';
import { readReports } from './reports.ts';
import { EXAMPLE_EMAIL, run } from './run.ts';
import { startOptions } from './start-flags.ts';
import { synthesise } from './synthesis.ts';

const root = path.resolve(import.meta.dirname, '../..');

await runCommand(async (args) => {
  const flags = readFlags(args, ['provider-mirror', 'input']);
  const interrupt = new AbortController();
  void untilSignal().then(() => interrupt.abort());
  const folder = mkdtempSync(path.join(tmpdir(), 'smoother-terraform-'));
  const terraform = new Terraform({
    folder,
    providerMirror: flags['provider-mirror'] ?? (process.env.SMOOTHER_PROVIDER_MIRROR || undefined),
  });
  const synthesis = await synthesise(root);
  const moto = await startMoto(providePythonTool(MOTO));
  const step = (name: string, args: string[]) => {
    console.log(`terraform ${name} ...`);
    return terraform.run([name, ...args]);
  };
  try {
    prepareEmulatedStack(synthesis.folder, folder, synthesis.stack as StackJson, moto.endpoint);
    console.log('terraform init ...');
    terraform.init();
    // Without protection from deletion, so that destroy can show that nothing is left.
    const variables = [
      '-input=false',
      '-var',
      `notification_email=${EXAMPLE_EMAIL}`,
      '-var',
      'force_destroy=true',
    ];
    step('validate', []);
    step('plan', [...variables, '-out=plan.bin']);
    step('apply', ['-input=false', 'plan.bin']);
    const outputs: Record<string, { value: unknown }> = JSON.parse(terraform.run(['output', '-json']));
    const clean = await run(
      {
        ...startOptions([], flags.input ?? path.join(root, 'examples/requests.jsonl')),
        backend: moto.endpoint,
      },
      {
        synthesise: async () => ({ ...synthesis, remove: async () => {} }),
        startCloud: async (options) => {
          const cloud = await startLocalCloud({ ...options, applied: true });
          checkOutputs(cloud.outputs, outputs);
          return cloud;
        },
        readTfvars: async () => ({}),
        readReports,
        terminal: process.stdout,
        interrupted: interrupt.signal,
      },
    );
    step('destroy', [...variables, '-auto-approve']);
    const left = terraform.run(['state', 'list']).trim();
    if (left !== '') throw new ExternalToolError('terraform', `destroy left ${left.replaceAll('\n', ', ')}`);
    console.log('Applied, used and destroyed: nothing is left.');
    return clean ? 0 : 1;
  } finally {
    await moto.stop();
    await synthesis.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** What Terraform made of the stack's names is what the local cloud makes of them. */
function checkOutputs(ours: Record<string, unknown>, applied: Record<string, { value: unknown }>): void {
  for (const [name, { value }] of Object.entries(applied)) {
    if (name.endsWith('_name') && ours[name] !== value) {
      throw new ExternalToolError(
        'terraform',
        `output ${name} is ${value}, the local cloud has ${ours[name]}`,
      );
    }
  }
}
