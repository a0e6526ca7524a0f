import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Option } from '@commander-js/extra-typings';
import type { RequestHandle, Result } from '../../client/index.ts';
import { encodeJson } from '../../wire/json.ts';
import { EXIT } from '../command.ts';
import { operatorCommand } from '../operator/operator-command.ts';
import { withSmoother } from '../operator/producer.ts';
import {
  estimate,
  estimateTable,
  follow,
  type LaneEstimate,
  type Line,
  readLines,
  sendLines,
} from '../operator/submission.ts';
import { showEnded } from '../terminal/ended.ts';
import { outputFile, RESULT_LINES } from '../terminal/options.ts';
import { writeTo } from '../terminal/printer.ts';
import { interruption } from '../terminal/signals.ts';

/** Of the requests that are skipped, so many are named. */
const NAMED = 3;

export default operatorCommand(
  'smoother submit requests.jsonl --follow --results results.jsonl',
  'smoother submit requests.jsonl --dry-run',
)
  .argument('<file>', 'requests as JSON lines (docs/messages.md); - reads standard input')
  .option('--follow', 'wait for the results and the refusals, and show progress')
  .addOption(outputFile('--results <file>', `write the results there, ${RESULT_LINES}; implies --follow`))
  .addOption(
    outputFile(
      '--ids <file>',
      'write the id of each request there, as JSON lines, and the id of its message: rejected/MESSAGE_ID tells why it was refused',
    ),
  )
  .addOption(
    new Option('--dry-run', 'check every line and estimate tokens, cost and time; send nothing').conflicts([
      'follow',
      'results',
      'ids',
    ]),
  )
  .action(async (file, { follow: following, results, ids, dryRun, ...flags }) => {
    const lines = readLines(textsOf(file));
    if (dryRun) return tryOut(lines);
    const signal = interruption();
    await withSmoother(flags, async (smoother) => {
      const sent = await sendLines(smoother, lines, sayProblem, signal);
      const { handles, skipped, invalid } = sent;
      console.error(`${handles.length - skipped.length} sent, ${skippedText(skipped)}, ${invalid} invalid`);
      if (invalid > 0) process.exitCode = EXIT.failed;
      if (ids !== undefined) writeFileSync(ids, handles.map(line).join(''));
      if (!following && results === undefined) return;
      const output = results === undefined ? undefined : writeTo(results);
      const progress = showEnded(process.stderr, handles.length);
      try {
        await follow(
          handles,
          (result) => {
            output?.write(line(result));
            progress.note(result.status);
          },
          signal,
        );
      } finally {
        progress.end();
        output?.end();
      }
      if (progress.completed < handles.length) process.exitCode = EXIT.failed;
    });
  });

/** The lines of a file or of standard input. A missing file is Node's own error. */
async function* textsOf(file: string): AsyncGenerator<string> {
  const input = file === '-' ? process.stdin : (await open(file)).createReadStream();
  yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}

function skippedText(ids: readonly string[]): string {
  if (ids.length === 0) return '0 skipped';
  const named = ids.slice(0, NAMED).join(', ');
  const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : '';
  return `${ids.length} skipped because they were sent before (${named}${more})`;
}

function line(value: Result | RequestHandle): string {
  return `${encodeJson(value)}\n`;
}

function sayProblem(line: Line): void {
  if ('problem' in line) console.error(`line ${line.number}: ${line.problem}`);
}

async function tryOut(lines: AsyncIterable<Line>): Promise<void> {
  const lanes = new Map<string, LaneEstimate>();
  let invalid = 0;
  for await (const line of lines) {
    sayProblem(line);
    if ('request' in line) estimate(lanes, line.request);
    else invalid += 1;
  }
  console.log(estimateTable(lanes));
  console.log(`${invalid} invalid ${invalid === 1 ? 'line' : 'lines'}; nothing was sent`);
  if (invalid > 0) process.exitCode = EXIT.failed;
}
