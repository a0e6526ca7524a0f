import { writeFileSync } from 'node:fs';
import { systemClock } from '../../core/clock.ts';
import { viewBudgets } from '../../core/operations/budgets.ts';
import { GROUPINGS, type Grouping, readUsage, usageBy } from '../../core/operations/usage.ts';
import { answers } from '../console/answers.ts';
import { pageHtml } from '../console/html.ts';
import { UsageError } from '../errors.ts';
import { operations } from '../operator/operations.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { budgetsText } from '../report/budgets-text.ts';
import { usageCsv, usageTable } from '../report/usage-text.ts';
import { choice, json, moment, outputFile } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';
import { shownReading } from '../terminal/reading.ts';

const HOUR_MS = 3_600_000;

export default operatorCommand(
  'smoother report --by tenant',
  'smoother report --from 2026-11-01 --to 2026-11-08 --by model --csv',
  'smoother report --from 2026-11-22 --html report.html',
)
  .addOption(moment('--from <time>', 'the first minute; default: an hour before the end'))
  .addOption(moment('--to <time>', 'the end, which is not included; default: now'))
  .addOption(
    choice('--by <what>', 'one line for each', Object.keys(GROUPINGS) as Grouping[]).default('lane' as const),
  )
  .option('--csv', 'print comma-separated values')
  .addOption(
    outputFile('--html <file>', 'write the console’s page there, with the figures of this time in it'),
  )
  .addOption(json())
  .action(({ from, to = Date.now(), by, csv, html, json: figures, ...flags }) =>
    withStack(flags, async (stack) => {
      const range = { from: from ?? to - HOUR_MS, to };
      if (range.from >= range.to) throw new UsageError('--from must be earlier than --to');
      const ports = await operations(stack);
      const read = await shownReading(ports.rows, range, (rows) => readUsage({ ...ports, rows }, range));
      const lines = usageBy(read, by);
      const budgets = by === 'tenant' ? await viewBudgets(ports, systemClock) : [];
      const print = printer(figures);
      const text = [usageTable(by, lines, range), budgetsText(budgets)].filter((part) => part !== '');
      print.line(csv ? usageCsv(by, lines) : text.join('\n\n'));
      if (html !== undefined) {
        const page = await shownReading(ports.rows, range, async (rows) =>
          (await answers(stack, rows)).page(range),
        );
        writeFileSync(html, (await pageHtml({ ...page, live: false, readOnly: true })).html);
      }
      print.figures({ from: iso(range.from), to: iso(range.to), by, lines, budgets });
    }),
  );

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
