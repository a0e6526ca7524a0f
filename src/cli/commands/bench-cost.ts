import { Option } from '@commander-js/extra-typings';
import { defaultOf } from '../../lab/bench/bench.ts';
import type { Purpose } from '../../lab/cost/bill.ts';
import { type Cost, type CostCase, measureCost } from '../../lab/cost/cost.ts';
import { measureWorkers } from '../../lab/cost/worker-needs.ts';
import { command } from '../command.ts';
import { table } from '../report/table.ts';
import { json, number, seed } from '../terminal/options.ts';
import { type Printer, printer } from '../terminal/printer.ts';

const RATES = [0, 0.05, 1, 10, 100];
const LANES = [1, 10];
/** Nine cases beside each other. */
const WIDTH = 100;
const WORKER_MEMORY = defaultOf('invocation_memory_megabytes');
const CALL: Pick<CostCase, 'inputBytes' | 'outputBytes' | 'callSeconds'> = {
  inputBytes: 2_048,
  outputBytes: 1_024,
  callSeconds: 5,
};

export default command(
  'smoother bench-cost',
  'smoother bench-cost --worker --worker-memory 256',
  'smoother bench-cost --rate 10 --input-bytes 20000 --output-bytes 8000 --json figures.json',
)
  .addOption(
    number('--rate <n>', 'requests a second in all; several rates unless given', { min: 0, max: 1_000 }),
  )
  .addOption(
    number('--input-bytes <n>', 'of each request', { min: 100, max: 1_000_000 }).default(CALL.inputBytes),
  )
  .addOption(
    number('--output-bytes <n>', 'of each answer', { min: 10, max: 1_000_000 }).default(CALL.outputBytes),
  )
  .addOption(number('--seconds <n>', 'that a call takes', { min: 0.1, max: 600 }).default(CALL.callSeconds))
  .addOption(
    number('--worker-memory <megabytes>', 'invocation_memory_megabytes', { min: 128, max: 10_240 }).default(
      WORKER_MEMORY,
    ),
  )
  .addOption(
    new Option('--worker', 'what a worker needs of memory and processor, instead').conflicts([
      ...(['rate', 'inputBytes', 'outputBytes', 'seconds'] as const),
    ]),
  )
  .addOption(seed('of the arrivals'))
  .addOption(json())
  .action(async ({ rate, inputBytes, outputBytes, seconds, workerMemory, worker, seed, json: file }) => {
    const print = printer(file);
    if (worker) return printNeeds(print, workerMemory);
    const cases = (rate === undefined ? RATES : [rate]).flatMap((it) =>
      LANES.filter((lanes) => it > 0 || lanes === 1).map((lanes) => ({
        ...{ rate: it, lanes, inputBytes, outputBytes },
        ...{ callSeconds: seconds, workerMemory },
      })),
    );
    const costs: Cost[] = [];
    for (const each of cases) costs.push(await measureCost(each, seed));
    print.line(
      `Requests of ${inputBytes} bytes, answers of ${outputBytes} bytes after ${seconds} s, workers of ${workerMemory} MB; US dollars, list prices`,
    );
    print.line(costTable(costs));
    print.figures(costs);
  });

async function printNeeds(print: Printer, memoryMegabytes: number): Promise<void> {
  const needs = await measureWorkers(memoryMegabytes);
  print.line(`Workers of ${memoryMegabytes} MB: memory at the peak, and processor time on this machine`);
  const rows = needs.map(({ calls, bytes, peakMegabytes, sendingMs, processorMs }) =>
    [
      calls,
      bytes,
      `${peakMegabytes.toFixed(0)} MB`,
      `${sendingMs.toFixed(0)} ms`,
      `${processorMs.toFixed(0)} ms`,
    ].map(String),
  );
  print.line(table(['calls', 'bytes of each', 'peak', 'until all are sent', 'in all'], rows));
  print.figures(needs);
}

/** A column for each case, and a line for each purpose, the dearest first. */
export function costTable(costs: readonly Cost[]): string {
  const line = (name: string, of: (cost: Cost) => string) => [name, ...costs.map(of)];
  const ofPurpose = (cost: Cost, purpose: Purpose) =>
    cost.lines.reduce((sum, [name, usd]) => sum + (name === purpose ? usd : 0), 0);
  const inAll = (purpose: Purpose) => costs.reduce((sum, cost) => sum + ofPurpose(cost, purpose), 0);
  const purposes = [...new Set(costs.flatMap(({ lines }) => lines.map(([purpose]) => purpose)))];
  return table(
    line('requests a second', ({ rate }) => (rate === 0 ? 'idle' : String(rate))),
    [
      line('lanes', ({ lanes }) => String(lanes)),
      line('a million', ({ usdPerMillion }) => dollars(usdPerMillion)),
      line('a month', ({ usdPerMonth }) => dollars(usdPerMonth)),
      ...purposes
        .sort((a, b) => inAll(b) - inAll(a))
        .map((purpose) => line(purpose, (cost) => dollars(ofPurpose(cost, purpose)))),
    ],
    WIDTH,
  );
}

function dollars(usd?: number): string {
  if (usd === undefined) return '–';
  return usd >= 100 ? usd.toFixed(0) : usd.toFixed(2);
}
