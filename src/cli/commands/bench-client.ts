import { measureOverhead } from '../../lab/bench/overhead.ts';
import { holdOpen } from '../../lab/bench/sidecar.ts';
import { command } from '../command.ts';
import { table } from '../report/table.ts';
import { COUNT, json, wholeNumber } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

const DEFAULT_CALLS = 5_000;
const REQUESTS = 120;
/** From a lane that always has something running to one that always sleeps. */
const SECONDS_APART = [2, 5, 10, 20, 90];

export default command('smoother bench-client', 'smoother bench-client --calls 10000')
  .addOption(
    wholeNumber('--calls <n>', 'calls that one sidecar holds open at once', COUNT).default(DEFAULT_CALLS),
  )
  .addOption(json())
  .action(async ({ calls, json: figures }) => {
    const print = printer(figures);
    print.line(
      'What the smoother adds to a call when nothing waits, on a virtual clock with the delays of AWS:',
    );
    const overhead = [];
    for (const secondsApart of SECONDS_APART) {
      overhead.push({ secondsApart, ...(await measureOverhead(secondsApart * 1_000, REQUESTS)) });
    }
    const rows = overhead.map(({ secondsApart, p50, p95, looks }) => [
      `${secondsApart} s`,
      seconds(p50),
      seconds(p95),
      looks.toFixed(1),
    ]);
    print.line(table(['requests come every', 'p50', 'p95', 'reads for each'], rows));
    const sidecar = await holdOpen(calls);
    const { openedMs, answeredMs, megabytes, reads } = sidecar;
    print.line(
      `\n${calls} calls open at once in one sidecar, their callers in the same process: opened in ` +
        `${seconds(openedMs)}, ${Math.round(megabytes)} MB; all answered ${seconds(answeredMs)} after their results, ` +
        `with ${reads} batches of reads.`,
    );
    print.figures({ overhead, sidecar });
  });

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
