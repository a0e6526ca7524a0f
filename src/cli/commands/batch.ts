import { createWriteStream } from 'node:fs';
import { INVOCATION_TYPES } from '../../core/batch/options.ts';
import { EXIT } from '../command.ts';
import { UsageError } from '../errors.ts';
import {
  type Bucket,
  cancelBatch,
  checkFile,
  checkOptions,
  describeBatch,
  downloadAnswers,
  follow,
  nameOfFile,
  reportOn,
  submitBatch,
} from '../operator/batches.ts';
import { operatorCommand, withStack } from '../operator/operator-command.ts';
import { COUNT, choice, choiceArgument, outputFile, wholeNumber } from '../terminal/options.ts';
import { interruption } from '../terminal/signals.ts';

const ACTIONS = ['submit', 'status', 'cancel', 'results'] as const;
const MOST_BAD_LINES_SHOWN = 20;

export default operatorCommand(
  'smoother batch submit nightly.jsonl --model us.amazon.nova-lite-v1:0 --follow',
  'smoother batch status nightly',
  'smoother batch results nightly --output answers.jsonl',
)
  .addArgument(
    choiceArgument(
      '<action>',
      'submit a file; see its status; cancel it; fetch its results (docs/batches.md)',
      ACTIONS,
    ),
  )
  .argument('<batch>', 'the file to submit, or the name of a batch, which is that of its file without .jsonl')
  .option('--name <name>', 'submit: what to call the batch (default: as the file)')
  .option('--model <id>', 'submit: the model')
  .addOption(
    choice('--type <type>', 'submit: the format of modelInput (default: InvokeModel)', INVOCATION_TYPES),
  )
  .addOption(wholeNumber('--priority <n>', 'submit: 1 is the most urgent (default: 5)', { min: 1, max: 5 }))
  .option('--tenant <tenant>', 'submit: who it is for (default: default)')
  .option('--task <task>', 'submit: a label of requests with answers of similar length')
  .option('--deadline <time>', 'submit: records that have not been called by then end as errors')
  .addOption(
    wholeNumber('--max-wait-seconds <n>', 'submit: the same, in seconds from when the file was found', COUNT),
  )
  .option('--accept-truncated', 'submit: take answers that the smoother’s own choice of max tokens has cut')
  .option('--dry-run', 'submit: check every line and the options, and send nothing')
  .option('--follow', 'submit, status and results: wait for the end of the batch')
  .addOption(outputFile('--output <file>', 'results: write them there instead of printing them'))
  .action(async (action, batch, { name, model, type, dryRun, follow: wait, output, ...flags }) => {
    const { priority, tenant, task, deadline, maxWaitSeconds, acceptTruncated, ...stackFlags } = flags;
    const metadata = given({
      ...{ 'model-id': model, 'model-invocation-type': type, priority, tenant, task, deadline },
      ...{ 'max-wait-seconds': maxWaitSeconds, 'accept-truncated': acceptTruncated },
    });
    const submits = action === 'submit';
    if (submits) {
      if (model === undefined) throw new UsageError('--model must be given to submit a batch');
      checkOptions(metadata);
    } else if (Object.keys(metadata).length > 0 || name !== undefined || dryRun) {
      throw new UsageError(`only submit takes the options of a batch, got them with ${action}`);
    }
    if (dryRun) return tryOut(batch);
    const id = submits ? (name ?? nameOfFile(batch)) : batch;
    const signal = interruption();
    await withStack(stackFlags, async ({ s3, names }) => {
      const store = { s3, bucket: await names('bedrock_calls_bucket_name') };
      if (submits) await submit(store, id, batch, metadata);
      if (action === 'cancel') return cancel(store, id);
      if (wait) endAs((await follow(store, id, console.error, signal)).status);
      else if (action === 'status') console.log(describeBatch(id, await reportOn(store, id)));
      if (action === 'results') await fetchResults(store, id, output);
    });
  });

/** Metadata is text. */
function given(options: Record<string, string | number | boolean | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

async function tryOut(file: string): Promise<void> {
  let bad = 0;
  const records = await checkFile(file, (line, problem) => {
    bad += 1;
    if (bad <= MOST_BAD_LINES_SHOWN) console.error(`line ${line}: ${problem}`);
  });
  console.log(`records: ${records}, bad lines: ${bad}; nothing was sent`);
  if (bad > 0) process.exitCode = EXIT.failed;
}

async function submit(
  store: Bucket,
  name: string,
  file: string,
  metadata: Record<string, string>,
): Promise<void> {
  const begun = new Date().toISOString();
  await submitBatch(store, name, file, metadata);
  const { createdAt = begun, status } = (await reportOn(store, name)) ?? {};
  console.error(
    createdAt < begun
      ? `${name} has been submitted before with the same content, and is ${status}; nothing runs again`
      : `submitted as ${name}`,
  );
}

async function cancel(store: Bucket, name: string): Promise<void> {
  const { cancels, text } = await cancelBatch(store, name);
  console.log(`${name}  ${text}`);
  if (!cancels) process.exitCode = EXIT.failed;
}

async function fetchResults(store: Bucket, name: string, output: string | undefined): Promise<void> {
  const report = await reportOn(store, name);
  if (report?.status === 'FAILED')
    throw new UsageError(`there are no results: ${describeBatch(name, report)}`);
  if (report?.status !== 'COMPLETED' && report?.status !== 'CANCELLED') {
    throw new UsageError(`there are no results yet: ${describeBatch(name, report)}; --follow waits for them`);
  }
  await downloadAnswers(store, name, output === undefined ? process.stdout : createWriteStream(output));
}

function endAs(status: string): void {
  if (status !== 'COMPLETED') process.exitCode = EXIT.failed;
}
