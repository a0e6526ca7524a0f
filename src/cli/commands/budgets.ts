import { systemClock } from '../../core/clock.ts';
import { viewBudgets } from '../../core/operations/budgets.ts';
import { laneOperations } from '../operator/lane-command.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { budgetsText } from '../report/budgets-text.ts';
import { json } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

const NONE = 'No tenant has a budget: the variable tenant_budgets gives them.';

export default operatorCommand('smoother budgets', 'smoother budgets --json')
  .addOption(json())
  .action(({ json: figures, ...flags }) =>
    withStack(flags, async (stack) => {
      const print = printer(figures);
      const budgets = await viewBudgets(await laneOperations(stack), systemClock);
      print.line(budgetsText(budgets) || NONE);
      print.figures(budgets);
    }),
  );
