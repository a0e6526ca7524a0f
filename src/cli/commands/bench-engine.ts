import { readFileSync } from 'node:fs';
import { Option } from '@commander-js/extra-typings';
import { bench } from '../../lab/bench/bench.ts';
import { runFamily } from '../../lab/bench/family.ts';
import type { Figures } from '../../lab/bench/figures.ts';
import { numberOfRandom, randomWorkload } from '../../lab/bench/random-workloads.ts';
import { benchTicks, tickLines } from '../../lab/bench/ticks.ts';
import { traceWorkload } from '../../lab/bench/trace.ts';
import { WORKLOAD_NAMES, workloadOf } from '../../lab/bench/workloads.ts';
import { TraceFormatError } from '../../lab/simulation/errors.ts';
import type { Workload } from '../../lab/simulation/workload.ts';
import { ENFORCEMENTS, type Enforcement } from '../../local/bedrock/accounting.ts';
import { command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { benchHeader, benchLines, familyLines } from '../report/bench-table.ts';
import { choice, inputFile, json, number, parsed, seed, wholeNumber } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

export default command(
  'smoother bench-engine --only overload --enforcement sliding-window --seed 7 --json figures.json',
  'smoother bench-engine --random 200 --seed 7',
  'smoother bench-engine --only random-17 --seed 7',
  'smoother bench-engine --trace AzureLLMInferenceTrace_code.csv --minutes 30',
  'smoother bench-engine --ticks',
)
  .addOption(
    parsed(
      '--only <workload>',
      `one workload: ${WORKLOAD_NAMES.join(', ')}, random-<number>`,
      `one of ${WORKLOAD_NAMES.join(', ')}, or random-<number>`,
      (name) => (WORKLOAD_NAMES.includes(name) || numberOfRandom(name) !== undefined ? name : undefined),
    ),
  )
  .addOption(choice('--enforcement <kind>', 'one enforcement', ENFORCEMENTS))
  .addOption(
    wholeNumber('--random <n>', 'this many random workloads instead, and how they do together', {
      min: 1,
      max: 10_000,
    }).conflicts(['only', 'trace']),
  )
  .addOption(
    inputFile('--trace <file>', 'recorded traffic instead, a CSV of TIMESTAMP,ContextTokens,GeneratedTokens'),
  )
  .addOption(
    number('--minutes <n>', 'how much of the trace, from its beginning', { min: 1, max: 1_440 }).default(30),
  )
  .addOption(
    new Option('--ticks', 'the cost of a tick, and the ceiling of one leader, instead').conflicts([
      'only',
      'enforcement',
      'random',
      'trace',
    ]),
  )
  .addOption(seed('of the workloads'))
  .addOption(json())
  .action(async ({ only, enforcement, random, trace, minutes, ticks, seed, json: file }) => {
    const print = printer(file);
    if (ticks) {
      const figures = await benchTicks(seed);
      print.line(tickLines(figures).join('\n'));
      return print.figures(figures);
    }
    if (random !== undefined) {
      let done = 0;
      const family = await runFamily(random, seed, enforcement, () => {
        done += 1;
        if (print.terminal.isTTY) print.terminal.write(`\r${done} of ${random} `);
      });
      print.line(familyLines(family, seed).join('\n'));
      return print.figures(family);
    }
    const workloads = trace === undefined ? chosen(only, seed) : [readTrace(trace, minutes)];

    const all: Figures[] = [];
    print.line(benchHeader());
    for (const workload of workloads) {
      print.line(`\n${workload.name}: ${workload.about}`);
      const one = enforcement ?? workload.enforcement;
      for (const each of one === undefined ? ENFORCEMENTS : [one]) {
        const figures = await bench(workload, each, seed);
        all.push(figures);
        print.line(benchLines(figures).join('\n'));
      }
    }
    const marks = all.flatMap((figures) => figures.marks);
    print.line(`\n${marks.filter(({ met }) => met).length} of ${marks.length} targets met`);
    print.figures(all);
  });

type Chosen = Workload & { enforcement?: Enforcement };

/** All named workloads, or the one of this name. */
function chosen(only: string | undefined, seed: number): Chosen[] {
  if (only === undefined) return WORKLOAD_NAMES.map((name) => workloadOf(name, seed));
  const number = numberOfRandom(only);
  return [number === undefined ? workloadOf(only, seed) : randomWorkload(number, seed)];
}

function readTrace(file: string, minutes: number): Chosen {
  try {
    return traceWorkload(readFileSync(file, 'utf8'), minutes);
  } catch (error) {
    if (error instanceof TraceFormatError) throw new UsageError(`--trace must be a trace: ${error.message}`);
    throw error;
  }
}
