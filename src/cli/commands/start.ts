import { finished } from 'node:stream/promises';
import { surveyOf } from '../../client/lines.ts';
import { startLocalSmoother } from '../../lab/run/local-smoother.ts';
import { EXIT } from '../command.ts';
import { startLocalConsole } from '../console/local.ts';
import type { Console } from '../console/server.ts';
import { UsageError } from '../errors.ts';
import { localCommand, requestsFile, smootherOptions } from '../local-command.ts';
import { counted } from '../report/numbers.ts';
import { runAndReport } from '../report/run-and-report.ts';
import { json, outputFile } from '../terminal/options.ts';
import { printer, writeTo } from '../terminal/printer.ts';
import { interruption } from '../terminal/signals.ts';

export default localCommand(
  'smoother start --input requests.jsonl --rpm 120 --results results.jsonl --json figures.json',
)
  .addOption(requestsFile())
  .addOption(
    outputFile('--results <file>', 'write the result messages there, as JSON lines (docs/messages.md)'),
  )
  .addOption(outputFile('--logs <file>', 'write what the functions log there'))
  .addOption(json())
  .addOption(outputFile('--summary <file>', 'the old name of --json FILE').hideHelp())
  .action(async ({ input, results, logs: logFile, json: figures, summary, ...local }) => {
    const interrupted = interruption();
    const print = printer(figures ?? summary);
    const survey = await surveyOf(input);
    if (survey.lines === 0) throw new UsageError(`--input has no messages in it: ${input}`);
    const options = await smootherOptions(local);
    const logs = logFile === undefined ? undefined : writeTo(logFile);
    const smoother = await startLocalSmoother({
      ...options,
      models: survey.models,
      signal: interrupted,
      onStep: (step) => print.line(`${step} ...`),
      onLog: (name, line) => void logs?.write(`${name}  ${line}\n`),
    });
    let page: Console | undefined;
    try {
      page = await startLocalConsole(smoother.cloud);
      const { rpm, tpm, enforcement } = local;
      print.line(
        `Sending ${counted(survey.lines, 'message')}.\nQuota of each model: ${rpm.toLocaleString('en-US')} requests and ${tpm.toLocaleString('en-US')} tokens a minute (${enforcement}).\nWatch it until it ends: ${page.url}\n`,
      );
      const clean = await runAndReport(smoother, { input, results, interrupted, total: survey.lines }, print);
      process.exitCode = clean ? EXIT.ok : EXIT.failed;
    } finally {
      await page?.close();
      await smoother.stop();
      if (logs) await finished(logs.end());
    }
  });
