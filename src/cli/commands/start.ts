/** `npm start [-- flags]`: the whole smoother on the local cloud, from a file of messages to the results. Flags: README. */
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { surveyOf } from '../../client/lines.ts';
import { startLocalSmoother } from '../../lab/run/local-smoother.ts';
import { PROJECT_FOLDER } from '../../lab/run/synthesis.ts';
import { readTfvars } from '../../local/terraform/variables.ts';
import { runAndReport } from '../report/run-and-report.ts';
import { runCommand, untilSignal } from '../terminal/command.ts';
import { type StartOptions, startOptions } from '../terminal/start-flags.ts';

await runCommand(async (args) => {
  const options = startOptions(args, path.join(PROJECT_FOLDER, 'examples/requests.jsonl'));
  const interrupt = new AbortController();
  void untilSignal().then(() => interrupt.abort());
  return (await start(options, interrupt.signal)) ? 0 : 1;
});

async function start(options: StartOptions, interrupted: AbortSignal): Promise<boolean> {
  const { input, rpm, tpm, enforcement, results } = options;
  const survey = await surveyOf(input);
  const variables = options.varFile === undefined ? {} : await readTfvars(options.varFile);
  // What cannot be written fails before anything is built.
  for (const file of [options.logs, results]) if (file !== undefined) await writeFile(file, '');
  const logs = options.logs === undefined ? undefined : createWriteStream(options.logs);
  const smoother = await startLocalSmoother({
    models: survey.models,
    quota: { requestsPerMinute: rpm, tokensPerMinute: tpm },
    enforcement,
    seed: options.seed,
    variables,
    backendUrl: options.backend,
    onStep: (step) => console.log(`${step} ...`),
    ...(logs && { onLog: (name: string, line: string) => void logs.write(`${name}  ${line}\n`) }),
  });
  try {
    console.log(
      `Sending ${survey.lines} messages; each model has ${rpm} requests and ${tpm} tokens a minute (${enforcement}).\n`,
    );
    const { summary } = options;
    return await runAndReport(
      smoother,
      { input, results, summary, interrupted, total: survey.lines },
      process.stdout,
    );
  } finally {
    await smoother.stop();
    if (logs) await finished(logs.end());
  }
}
