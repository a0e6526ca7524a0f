import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Option } from '@commander-js/extra-typings';
import type { StackJson } from '../../lab/external/checkov.ts';
import { describeChange, unexplained } from '../../lab/external/drift.ts';
import { prepareEmulatedStack } from '../../lab/external/emulated-stack.ts';
import { ExternalToolError } from '../../lab/external/errors.ts';
import { leftovers } from '../../lab/external/leftovers.ts';
import { MOTO, startMoto } from '../../lab/external/moto.ts';
import { providePythonTool } from '../../lab/external/python-tool.ts';
import { Terraform } from '../../lab/external/terraform.ts';
import { EXAMPLE_EMAIL } from '../../lab/run/local-smoother.ts';
import { synthesise } from '../../lab/run/synthesis.ts';
import { command, EXIT } from '../command.ts';
import { requestsFile } from '../local-command.ts';
import { runApplied } from '../report/run-applied.ts';
import { printer } from '../terminal/printer.ts';
import { interruption } from '../terminal/signals.ts';

/** Without protection from deletion, so that destroy can show that nothing is left. */
const VARIABLES = { notification_email: EXAMPLE_EMAIL, force_destroy: 'true' };

export default command('smoother e2e-terraform', 'smoother e2e-terraform --provider-mirror DIR')
  .addOption(
    new Option(
      '--provider-mirror <folder>',
      'take the AWS provider from here, as "terraform providers mirror" filled it',
    ).env('SMOOTHER_PROVIDER_MIRROR'),
  )
  .addOption(requestsFile())
  .action(async ({ providerMirror, input }) => {
    const interrupted = interruption();
    const folder = mkdtempSync(path.join(tmpdir(), 'smoother-terraform-'));
    const terraform = new Terraform({
      folder,
      providerMirror: providerMirror || undefined,
      onStep: (step) => console.log(`terraform ${step} ...`),
    });
    const synthesis = await synthesise();
    const { endpoint, stop } = await startMoto(providePythonTool(MOTO));
    try {
      prepareEmulatedStack(synthesis.folder, folder, synthesis.stack as StackJson, endpoint);
      terraform.init();
      const outputs = terraform.apply(VARIABLES);
      const drift = unexplained(terraform.changes(VARIABLES));
      if (drift.length > 0) {
        const changes = drift.map(describeChange).join(', ');
        throw new ExternalToolError('terraform', `a second plan would change ${changes}`);
      }
      const clean = await runApplied(
        { synthesis, outputs, endpoint },
        input,
        printer(undefined),
        interrupted,
      );
      terraform.destroy(VARIABLES);
      const left = await leftovers({ dynamodbUrl: endpoint, sqsUrl: endpoint, s3Url: endpoint });
      if (left.length > 0) throw new ExternalToolError('terraform', `destroy left ${left.join(', ')}`);
      console.log('Applied, used and destroyed: nothing is left.');
      process.exitCode = clean ? EXIT.ok : EXIT.failed;
    } finally {
      await stop();
      await synthesis.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });
