import { laneOf } from '../../core/lane/catalog/catalog.ts';
import { quotaCaseOf } from '../../core/operations/quota-case.ts';
import { readRows } from '../../core/reporting/read.ts';
import { DAY_MS } from '../../core/request/times.ts';
import { EXIT } from '../command.ts';
import { chooseLane } from '../operator/lanes.ts';
import { operations } from '../operator/operations.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { quotaCaseCsv, quotaCaseText, zeroQuotaText } from '../report/quota-case-text.ts';
import { json, wholeNumber } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';
import { shownReading } from '../terminal/reading.ts';

export default operatorCommand(
  'smoother quota-case us.amazon.nova-lite-v1:0',
  'smoother quota-case amazon.nova-lite:geo --days 28 --csv',
)
  .argument('[lane]', 'a lane, or the id of any model in it; leave it out to see the lanes')
  .addOption(wholeNumber('--days <n>', 'how many days back to look', { min: 1, max: 90 }).default(14))
  .option('--csv', 'print comma-separated values')
  .addOption(json())
  .action((word, { days, csv, json: figures, ...flags }) =>
    withStack(flags, async (stack) => {
      const ports = await operations(stack);
      const lane = await chooseLane(word, ports);
      const range = { from: Date.now() - days * DAY_MS, to: Date.now() };
      const [rows, lanes, status] = await Promise.all([
        shownReading(ports.rows, range, (shown) => readRows(shown, lane, range.from, range.to)),
        ports.registry.list(),
        ports.watch.status(lane),
      ]);
      const model_id = lanes.find((known) => known.lane === lane)?.model_id ?? laneOf(lane);
      const found = quotaCaseOf({ lane, model_id, limits: status?.limits ?? {} }, rows, range);
      const print = printer(figures);
      if (found === undefined) {
        process.exitCode = EXIT.failed;
        return print.line(
          `Nothing arrived in ${lane} in the last ${days} days: there is nothing to show AWS.`,
        );
      }
      const zero = zeroQuotaText(found);
      if (zero !== undefined) console.error(zero);
      print.line(csv ? quotaCaseCsv(found) : quotaCaseText(found));
      print.figures(found);
    }),
  );
