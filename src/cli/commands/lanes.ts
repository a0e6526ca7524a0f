import { systemClock } from '../../core/clock.ts';
import { BOUND_LABELS } from '../../core/operations/bound.ts';
import { viewBudgets } from '../../core/operations/budgets.ts';
import { type LaneView, viewLanes } from '../../core/operations/lanes.ts';
import { laneOperations } from '../operator/lane-command.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { budgetsText } from '../report/budgets-text.ts';
import { percent, short } from '../report/numbers.ts';
import { table } from '../report/table.ts';
import { json } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

export default operatorCommand('smoother lanes', 'smoother lanes --outputs outputs.json --json')
  .addOption(json())
  .action(({ json: figures, ...flags }) =>
    withStack(flags, async (stack) => {
      const print = printer(figures);
      const ports = await laneOperations(stack);
      const [lanes, budgets] = await Promise.all([
        viewLanes(ports, systemClock),
        viewBudgets(ports, systemClock),
      ]);
      print.line([lanesText(lanes), budgetsText(budgets)].filter((part) => part !== '').join('\n\n'));
      print.figures(lanes);
    }),
  );

/** A table, and below it what binds each lane that something binds, and what is assumed about it. */
export function lanesText(lanes: readonly LaneView[]): string {
  if (lanes.length === 0) return 'No lanes yet: a lane begins with its first request.';
  return [lanesTable(lanes), ...lanes.map(notesOn)].filter((part) => part !== '').join('\n\n');
}

function lanesTable(lanes: readonly LaneView[]): string {
  return table(
    ['lane', 'state', 'binds', 'rpm', 'tpm', 'used', 'waiting', 'running'],
    lanes.map(({ lane, state, bound, limits, utilisation, waiting, unfinished }) => [
      lane,
      state,
      bound === undefined ? 'nothing' : BOUND_LABELS[bound.by],
      figure(limits.requests_per_minute, short),
      figure(limits.tokens_per_minute, short),
      figure(utilisation, (part) => percent(part, 0)),
      figure(waiting, (it) => (it ? 'yes' : 'no')),
      figure(unfinished, String),
    ]),
  );
}

function notesOn({ lane, bound, says, remedy, assumed }: LaneView): string {
  const notes = [
    ...(bound === undefined ? [] : [says, ...(remedy === undefined ? [] : [remedy])]),
    ...(assumed.length === 0 ? [] : [`${assumed.join(' and ')} assumed: Service Quotas does not say.`]),
  ];
  return notes.length === 0 ? '' : [lane, ...notes.map((note) => `  ${note}`)].join('\n');
}

function figure<Value>(value: Value | undefined, text: (value: Value) => string): string {
  return value === undefined ? '–' : text(value);
}
