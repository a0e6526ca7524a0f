import { holdOpen } from '../../lab/bench/sidecar.ts';
import { command } from '../command.ts';
import { COUNT, json, wholeNumber } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

const DEFAULT_CALLS = 5_000;

export default command('smoother bench-sidecar --calls 5000')
  .addOption(wholeNumber('--calls <n>', 'calls that are open at once', COUNT).default(DEFAULT_CALLS))
  .addOption(json())
  .action(async ({ calls, json: figures }) => {
    const print = printer(figures);
    const measured = await holdOpen(calls);
    const { openedMs, answeredMs, megabytes, reads } = measured;
    print.line(
      `${calls} calls open at once in one process with their callers: opened in ${seconds(openedMs)}, ` +
        `${Math.round(megabytes)} MB; all answered ${seconds(answeredMs)} after their results; ${reads} batches of reads`,
    );
    print.figures(measured);
  });

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
