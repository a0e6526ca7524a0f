/**
 * `npm run e2e:terraform [-- flags]`: Terraform itself, with the real AWS provider, validates, plans and applies the
 * synthesised stack to an emulator; the functions work on what was applied; destroy leaves nothing. docs/deployment.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { StackJson } from '../../lab/external/checkov.ts';
import { prepareEmulatedStack } from '../../lab/external/emulated-stack.ts';
import { ExternalToolError } from '../../lab/external/errors.ts';
import { leftovers } from '../../lab/external/leftovers.ts';
import { MOTO, startMoto } from '../../lab/external/moto.ts';
import { providePythonTool } from '../../lab/external/python-tool.ts';
import { Terraform } from '../../lab/external/terraform.ts';
import { EXAMPLE_EMAIL } from '../../lab/run/local-smoother.ts';
import { synthesise } from '../../lab/run/synthesis.ts';
import { runCommand, untilSignal } from '../terminal/command.ts';
import { readFlags } from '../terminal/flags.ts';
import { runApplied } from './run-applied.ts';

const root = path.resolve(import.meta.dirname, '../../..');
/** Without protection from deletion, so that destroy can show that nothing is left. */
const VARIABLES = { notification_email: EXAMPLE_EMAIL, force_destroy: 'true' };

await runCommand(async (args) => {
  const flags = readFlags(args, ['provider-mirror', 'input']);
  const interrupt = new AbortController();
  void untilSignal().then(() => interrupt.abort());
  const folder = mkdtempSync(path.join(tmpdir(), 'smoother-terraform-'));
  const terraform = new Terraform({
    folder,
    providerMirror: flags['provider-mirror'] ?? (process.env.SMOOTHER_PROVIDER_MIRROR || undefined),
    onStep: (command) => console.log(`terraform ${command} ...`),
  });
  const synthesis = await synthesise(root);
  const { endpoint, stop } = await startMoto(providePythonTool(MOTO));
  try {
    prepareEmulatedStack(synthesis.folder, folder, synthesis.stack as StackJson, endpoint);
    terraform.init();
    const outputs = terraform.apply(VARIABLES);
    const input = flags.input ?? path.join(root, 'examples/requests.jsonl');
    const clean = await runApplied({ synthesis, outputs, endpoint }, input, process.stdout, interrupt.signal);
    terraform.destroy(VARIABLES);
    const left = await leftovers({ dynamodbUrl: endpoint, sqsUrl: endpoint, s3Url: endpoint });
    if (left.length > 0) throw new ExternalToolError('terraform', `destroy left ${left.join(', ')}`);
    console.log('Applied, used and destroyed: nothing is left.');
    return clean ? 0 : 1;
  } finally {
    await stop();
    await synthesis.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
