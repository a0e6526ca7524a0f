import { diagnose, isHealthy } from '../../core/operations/doctor.ts';
import { EXIT } from '../command.ts';
import { inspect } from '../operator/inspect.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { findingsText } from '../report/findings-text.ts';
import { json } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

export default operatorCommand('smoother doctor', 'smoother doctor --all', 'smoother doctor --json')
  .option('--all', 'list what is well, too')
  .addOption(json())
  .action(({ all, json: figures, ...flags }) =>
    withStack(flags, async (stack) => {
      const print = printer(figures);
      const findings = diagnose(await inspect(stack));
      print.line(findingsText(findings, all));
      print.figures(findings);
      if (!isHealthy(findings)) process.exitCode = EXIT.failed;
    }),
  );
