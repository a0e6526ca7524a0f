/** `npm run bench:engine -- [flags]`: the engine under load on a virtual clock. Flags: docs/benchmark-engine.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { bench } from '../../lab/bench/bench.ts';
import type { Figures } from '../../lab/bench/figures.ts';
import { benchTicks, tickLines } from '../../lab/bench/ticks.ts';
import { traceWorkload } from '../../lab/bench/trace.ts';
import { WORKLOAD_NAMES, workloadOf } from '../../lab/bench/workloads.ts';
import { TraceFormatError } from '../../lab/simulation/errors.ts';
import { ENFORCEMENTS } from '../../local/bedrock/accounting.ts';
import { benchHeader, benchLines } from '../report/bench-table.ts';
import { runCommand } from '../terminal/command.ts';
import { choiceFlag, numberFlag, readFlags, UsageError } from '../terminal/flags.ts';

/** Measures ticks instead of workloads; the only flag without a value. */
const TICKS = '--ticks';
const DEFAULT_SEED = 1;
const DEFAULT_TRACE_MINUTES = 30;

await runCommand(async (parameters) => {
  const args = parameters.filter((parameter) => parameter !== TICKS);
  const flags = readFlags(args, ['only', 'enforcement', 'seed', 'json', 'trace', 'minutes']);
  const seed = numberFlag('seed', flags.seed, { min: 0, max: 2 ** 32 - 1, whole: true }) ?? DEFAULT_SEED;
  const writeJson = (figures: unknown) => {
    if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(figures, undefined, 2)}\n`);
  };
  if (args.length < parameters.length) {
    const figures = await benchTicks(seed);
    console.log(tickLines(figures).join('\n'));
    writeJson(figures);
    return 0;
  }
  const minutes = numberFlag('minutes', flags.minutes, { min: 1, max: 1_440 }) ?? DEFAULT_TRACE_MINUTES;
  const only = choiceFlag('only', flags.only, WORKLOAD_NAMES);
  const enforcement = choiceFlag('enforcement', flags.enforcement, ENFORCEMENTS);
  const workloads =
    flags.trace === undefined
      ? (only === undefined ? WORKLOAD_NAMES : [only]).map((name) => workloadOf(name, seed))
      : [readTrace(flags.trace, minutes)];

  const all: Figures[] = [];
  console.log(benchHeader());
  for (const workload of workloads) {
    console.log(`\n${workload.name}: ${workload.about}`);
    for (const each of enforcement === undefined ? ENFORCEMENTS : [enforcement]) {
      const figures = await bench(workload, each, seed);
      all.push(figures);
      console.log(benchLines(figures).join('\n'));
    }
  }
  const marks = all.flatMap((figures) => figures.marks);
  const met = marks.filter((mark) => mark.met).length;
  console.log(`\n${met} of ${marks.length} targets met`);
  writeJson(all);
  return 0;
});

function readTrace(file: string, minutes: number) {
  try {
    return traceWorkload(readFileSync(file, 'utf8'), minutes);
  } catch (error) {
    if (error instanceof TraceFormatError) throw new UsageError('trace', `is no trace: ${error.message}`);
    throw error;
  }
}
