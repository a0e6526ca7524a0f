import { systemClock } from '../../core/clock.ts';
import { laneOperations } from '../operator/lane-command.ts';
import { type LaneView, viewLanes } from '../operator/lanes.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { short } from '../report/numbers.ts';
import { table } from '../report/table.ts';
import { json } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

const REASONS: Record<NonNullable<LaneView['reason']>, string> = {
  failing: 'calls to Bedrock fail',
  denied: 'Bedrock denies access',
  daily_quota: 'the tokens of the day are used up',
  no_quota: 'it has no quota',
};

export default operatorCommand('smoother lanes', 'smoother lanes --outputs outputs.json --json')
  .addOption(json())
  .action(({ json: figures, ...flags }) =>
    withStack(flags, async (stack) => {
      const print = printer(figures);
      const lanes = await viewLanes(await laneOperations(stack), systemClock);
      print.line(
        lanes.length === 0 ? 'No lanes yet: a lane begins with its first request.' : lanesTable(lanes),
      );
      for (const note of lanes.flatMap(notesOn)) print.line(note);
      print.figures(lanes);
    }),
  );

/** Limits, use of the one that binds, whether work waits, and how many releases have not ended. */
export function lanesTable(lanes: readonly LaneView[]): string {
  return table(
    ['lane', 'state', 'rpm', 'tpm', 'used', 'waiting', 'running'],
    lanes.map(({ lane, state, requests_per_minute, tokens_per_minute, utilisation, waiting, unfinished }) => [
      lane,
      state,
      figure(requests_per_minute, short),
      figure(tokens_per_minute, short),
      figure(utilisation, wholePercent),
      figure(waiting, (it) => (it ? 'yes' : 'no')),
      figure(unfinished, String),
    ]),
  );
}

function figure<Value>(value: Value | undefined, text: (value: Value) => string): string {
  return value === undefined ? '–' : text(value);
}

/** What an operator should know about a lane that is not as usual. */
function notesOn({ lane, reason, share = 1, assumed = [] }: LaneView): string[] {
  return [
    ...(reason === undefined ? [] : [`${lane} is stopped: ${REASONS[reason]}.`]),
    ...(share < 1
      ? [`${lane} leaves ${wholePercent(1 - share)} of its limits to others, who use them.`]
      : []),
    ...(assumed.length === 0
      ? []
      : [`${lane}: ${assumed.join(' and ')} assumed, Service Quotas does not say.`]),
  ];
}

function wholePercent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
