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
      for (const { lane, reason } of lanes)
        if (reason !== undefined) print.line(`${lane} is stopped: ${REASONS[reason]}`);
      print.figures(lanes);
    }),
  );

export function lanesTable(lanes: readonly LaneView[]): string {
  return table(
    ['lane', 'state', 'req/min', 'tok/min', 'ours', 'work waits', 'unfinished'],
    lanes.map(({ lane, state, requests_per_minute, tokens_per_minute, share, waiting, unfinished }) => [
      lane,
      state,
      figure(requests_per_minute, short),
      figure(tokens_per_minute, short),
      figure(share, (part) => `${Math.round(part * 100)} %`),
      figure(waiting, (it) => (it ? 'yes' : 'no')),
      figure(unfinished, String),
    ]),
  );
}

function figure<Value>(value: Value | undefined, text: (value: Value) => string): string {
  return value === undefined ? '–' : text(value);
}
