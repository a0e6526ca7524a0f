import { measureBatchFile } from '../../lab/bench/batch-file.ts';
import { command } from '../command.ts';
import { COUNT, json, LIMIT, wholeNumber } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

const DEFAULT_RECORDS = 100_000;
/** The quota of Nova Lite in the US. */
const DEFAULT_RPM = 4_000;
const LABEL_WIDTH = 36;

export default command('smoother bench-batch --records 100000 --rpm 4000')
  .addOption(wholeNumber('--records <n>', 'lines of the file', COUNT).default(DEFAULT_RECORDS))
  .addOption(
    wholeNumber('--rpm <n>', 'requests that are answered in a minute: the quota', LIMIT).default(DEFAULT_RPM),
  )
  .addOption(json())
  .action(async ({ records, rpm, json: figures }) => {
    const print = printer(figures);
    const measured = await measureBatchFile({ records, requestsPerMinute: rpm });
    const { fileMegabytes, outputMegabytes, startMegabytes, peakMegabytes } = measured;
    const { invocations, longestInvocationSeconds, runSeconds, cpuSeconds, costUsd } = measured;
    const rows = [
      ['file', `${records} records, ${megabytes(fileMegabytes)}`],
      ['output', megabytes(outputMegabytes)],
      ['taken in after', seconds(measured.takenInSeconds)],
      ['at the quota, Bedrock takes', seconds((records / rpm) * 60)],
      ['last answer to notification', seconds(measured.afterLastAnswerSeconds)],
      ['invocations', `${invocations}, the longest ${seconds(longestInvocationSeconds)}`],
      [
        'run time',
        `${seconds(runSeconds)} with usual latencies of AWS, and ${seconds(cpuSeconds)} of processor here`,
      ],
      ['memory of the process', `${megabytes(startMegabytes)} before, ${megabytes(peakMegabytes)} at most`],
      [
        'cost of taking in and answering',
        `$${costUsd.toFixed(2)}, without Bedrock and without the calls themselves`,
      ],
    ];
    for (const [label = '', value = ''] of rows) print.line(label.padEnd(LABEL_WIDTH) + value);
    print.figures(measured);
  });

function seconds(value: number): string {
  return value < 120 ? `${value.toFixed(1)} s` : `${(value / 60).toFixed(1)} min`;
}

function megabytes(value: number): string {
  return `${Math.round(value)} MB`;
}
