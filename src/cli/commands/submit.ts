import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Option } from '@commander-js/extra-typings';
import type { Result } from '../../client/index.ts';
import { OUTCOMES, type Outcome } from '../../core/request/record.ts';
import { EXIT } from '../command.ts';
import { operatorCommand } from '../operator/operator-command.ts';
import { withSmoother } from '../operator/producer.ts';
import {
  estimate,
  follow,
  type LaneEstimate,
  type Line,
  readLines,
  sendLines,
} from '../operator/submission.ts';
import { table } from '../report/table.ts';
import { outputFile } from '../terminal/options.ts';
import { interruption } from '../terminal/signals.ts';

const PROGRESS_EVERY_MS = 1_000;

export default operatorCommand(
  'smoother submit requests.jsonl --follow --results results.jsonl',
  'smoother submit requests.jsonl --dry-run',
)
  .argument('<file>', 'requests as JSON lines (docs/messages.md); - reads standard input')
  .option('--follow', 'wait for the results, and show progress')
  .addOption(outputFile('--results <file>', 'write the results there, as JSON lines; implies --follow'))
  .addOption(
    new Option('--dry-run', 'check every line and estimate tokens, cost and time; send nothing').conflicts([
      'follow',
      'results',
    ]),
  )
  .action(async (file, { follow: following, results, dryRun, ...flags }) => {
    const lines = readLines(textsOf(file));
    if (dryRun) return tryOut(lines);
    const signal = interruption();
    await withSmoother(flags, async (smoother) => {
      const sent = await sendLines(smoother, lines, (line) => sayProblem(line), signal);
      const { handles, skipped, invalid } = sent;
      console.error(`${handles.length - skipped} sent, ${skipped} skipped (sent before), ${invalid} invalid`);
      if (invalid > 0) process.exitCode = EXIT.failed;
      if (!following && results === undefined) return;
      const output = results === undefined ? undefined : createWriteStream(results);
      const counts = new Map<Outcome, number>();
      const begun = Date.now();
      const say = () => console.error(progressLine(counts, handles.length, Date.now() - begun));
      const progress = setInterval(say, PROGRESS_EVERY_MS);
      try {
        await follow(handles, (result) => note(result, counts, output), signal);
      } finally {
        clearInterval(progress);
        say();
        output?.end();
      }
      if ((counts.get('COMPLETED') ?? 0) < handles.length) process.exitCode = EXIT.failed;
    });
  });

function textsOf(file: string): AsyncIterable<string> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  return {
    async *[Symbol.asyncIterator]() {
      for await (const line of lines) if (line.trim() !== '') yield line;
    },
  };
}

function sayProblem(line: Line): void {
  if ('problem' in line) console.error(`line ${line.number}: ${line.problem}`);
}

function note(result: Result, counts: Map<Outcome, number>, output?: { write(text: string): unknown }): void {
  counts.set(result.status, (counts.get(result.status) ?? 0) + 1);
  output?.write(`${JSON.stringify(result)}\n`);
}

function progressLine(counts: ReadonlyMap<Outcome, number>, total: number, tookMs: number): string {
  const ended = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const perMinute = tookMs === 0 ? 0 : Math.round((ended * 60_000) / tookMs);
  const kinds = OUTCOMES.flatMap((it) => (counts.has(it) ? [`${counts.get(it)} ${it}`] : []));
  return [`${ended} of ${total} ended`, ...kinds, `${perMinute} a minute`].join(', ');
}

async function tryOut(lines: AsyncIterable<Line>): Promise<void> {
  const lanes = new Map<string, LaneEstimate>();
  let invalid = 0;
  for await (const line of lines) {
    sayProblem(line);
    if ('request' in line) estimate(lanes, line.request);
    else invalid += 1;
  }
  const rows = [...lanes].map(([lane, { requests, inputTokens, maxTokens, costUsd, minutes = 0 }]) => [
    lane,
    String(requests),
    String(inputTokens),
    String(maxTokens),
    costUsd === undefined ? 'unknown' : `$${costUsd.toFixed(4)}`,
    minutes.toFixed(1),
  ]);
  console.log(
    table(['lane', 'requests', 'input tokens', 'max tokens', 'cost at most', 'minutes at quota'], rows),
  );
  console.log(`${invalid} invalid lines; nothing was sent`);
  if (invalid > 0) process.exitCode = EXIT.failed;
}
