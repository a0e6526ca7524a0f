import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  CHECKOV,
  type Exception,
  judge,
  type StackJson,
  scan,
  withPlainPolicies,
} from '../../lab/external/checkov.ts';
import { providePythonTool } from '../../lab/external/python-tool.ts';
import { EXAMPLE_EMAIL } from '../../lab/run/local-smoother.ts';
import { PROJECT_FOLDER, synthesise } from '../../lab/run/synthesis.ts';
import { ACCOUNT_ID } from '../../local/emulators.ts';
import { EvaluatedStack } from '../../local/terraform/stack.ts';
import { command, EXIT } from '../command.ts';
import { json } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

export default command('smoother checkov')
  .addOption(json())
  .action(async ({ json: figures }) => {
    const print = printer(figures);
    const program = providePythonTool(CHECKOV);
    const exceptions: Exception[] = JSON.parse(
      readFileSync(path.join(PROJECT_FOLDER, 'checkov-exceptions.json'), 'utf8'),
    );
    const synthesis = await synthesise();
    try {
      const stack = synthesis.stack as StackJson;
      const evaluated = new EvaluatedStack({
        stack,
        assetsFolder: synthesis.folder,
        // The one variable without a default.
        variables: { notification_email: EXAMPLE_EMAIL },
        accountId: ACCOUNT_ID,
        endpoint: 'https://sqs.us-east-1.amazonaws.com',
      });
      const findings = scan(program, withPlainPolicies(stack, evaluated));
      const { unexplained, unneeded } = judge(findings, exceptions);
      for (const { check, resource, title } of unexplained)
        print.line(`no reason  ${check} ${resource}: ${title}`);
      for (const { check, resource } of unneeded) print.line(`no finding ${check} ${resource}`);
      print.line(
        `${findings.length} failed checks, ${unexplained.length} without a reason; ${unneeded.length} reasons without a failed check.`,
      );
      print.figures({ findings, unexplained, unneeded });
      process.exitCode = unexplained.length + unneeded.length === 0 ? EXIT.ok : EXIT.failed;
    } finally {
      await synthesis.remove();
    }
  });
