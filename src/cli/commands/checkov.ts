/** `npm run checkov`: no failed check of the synthesised stack without a reason in checkov-exceptions.json. */
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
import { synthesise } from '../../lab/run/synthesis.ts';
import { ACCOUNT_ID } from '../../local/emulators.ts';
import { EvaluatedStack } from '../../local/terraform/stack.ts';
import { runCommand } from '../terminal/command.ts';
import { readFlags } from '../terminal/flags.ts';

const root = path.resolve(import.meta.dirname, '../../..');

await runCommand(async (args) => {
  readFlags(args, []);
  const program = providePythonTool(CHECKOV);
  const exceptions: Exception[] = JSON.parse(
    readFileSync(path.join(root, 'checkov-exceptions.json'), 'utf8'),
  );
  const synthesis = await synthesise(root);
  try {
    const stack = synthesis.stack as StackJson;
    const evaluated = new EvaluatedStack({
      stack,
      assetsFolder: synthesis.folder,
      // The one variable without a default.
      variables: { notification_email: 'platform-team@example.com' },
      accountId: ACCOUNT_ID,
      endpoint: 'https://sqs.us-east-1.amazonaws.com',
    });
    const findings = scan(program, withPlainPolicies(stack, evaluated));
    const { unexplained, unneeded } = judge(findings, exceptions);
    for (const { check, resource, title } of unexplained)
      console.log(`no reason  ${check} ${resource}: ${title}`);
    for (const { check, resource } of unneeded) console.log(`no finding ${check} ${resource}`);
    console.log(
      `${findings.length} failed checks, ${unexplained.length} without a reason; ${unneeded.length} reasons without a failed check.`,
    );
    return unexplained.length + unneeded.length === 0 ? 0 : 1;
  } finally {
    await synthesis.remove();
  }
});
