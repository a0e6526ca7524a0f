import { readFileSync } from 'node:fs';
import { Option } from '@commander-js/extra-typings';
import { bench } from '../../lab/bench/bench.ts';
import type { Figures } from '../../lab/bench/figures.ts';
import { benchTicks, tickLines } from '../../lab/bench/ticks.ts';
import { traceWorkload } from '../../lab/bench/trace.ts';
import { WORKLOAD_NAMES, workloadOf } from '../../lab/bench/workloads.ts';
import { TraceFormatError } from '../../lab/simulation/errors.ts';
import { ENFORCEMENTS } from '../../local/bedrock/accounting.ts';
import { command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { benchHeader, benchLines } from '../report/bench-table.ts';
import { choice, inputFile, json, number, seed } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

export default command(
  'smoother bench-engine --only overload --enforcement sliding-window --seed 7 --json figures.json',
  'smoother bench-engine --trace AzureLLMInferenceTrace_code.csv --minutes 30',
  'smoother bench-engine --ticks',
)
  .addOption(choice('--only <workload>', 'one workload', WORKLOAD_NAMES))
  .addOption(choice('--enforcement <kind>', 'one enforcement', ENFORCEMENTS))
  .addOption(inputFile('--trace <file>', 'recorded traffic instead: TIMESTAMP,ContextTokens,GeneratedTokens'))
  .addOption(
    number('--minutes <n>', 'how much of the trace, from its beginning', { min: 1, max: 1_440 }).default(30),
  )
  .addOption(
    new Option('--ticks', 'the cost of a tick, and the ceiling of one leader, instead').conflicts([
      'only',
      'enforcement',
      'trace',
    ]),
  )
  .addOption(seed('of the workloads'))
  .addOption(json())
  .action(async ({ only, enforcement, trace, minutes, ticks, seed, json: file }) => {
    const print = printer(file);
    if (ticks) {
      const figures = await benchTicks(seed);
      print.line(tickLines(figures).join('\n'));
      return print.figures(figures);
    }
    const names = only === undefined ? WORKLOAD_NAMES : [only];
    const workloads =
      trace === undefined ? names.map((name) => workloadOf(name, seed)) : [readTrace(trace, minutes)];

    const all: Figures[] = [];
    print.line(benchHeader());
    for (const workload of workloads) {
      print.line(`\n${workload.name}: ${workload.about}`);
      for (const each of enforcement === undefined ? ENFORCEMENTS : [enforcement]) {
        const figures = await bench(workload, each, seed);
        all.push(figures);
        print.line(benchLines(figures).join('\n'));
      }
    }
    const marks = all.flatMap((figures) => figures.marks);
    print.line(`\n${marks.filter(({ met }) => met).length} of ${marks.length} targets met`);
    print.figures(all);
  });

function readTrace(file: string, minutes: number) {
  try {
    return traceWorkload(readFileSync(file, 'utf8'), minutes);
  } catch (error) {
    if (error instanceof TraceFormatError) throw new UsageError(`--trace is no trace: ${error.message}`);
    throw error;
  }
}
