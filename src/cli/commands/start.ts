/** `npm start [-- flags]`: the whole smoother on the local cloud, from a file of messages to the results. Flags: README. */
import path from 'node:path';
import { readReportRows } from '../../lab/run/report-rows.ts';
import { run } from '../../lab/run/run.ts';
import { synthesise } from '../../lab/run/synthesis.ts';
import { startLocalCloud } from '../../local/local-cloud.ts';
import { readTfvars } from '../../local/terraform/variables.ts';
import { runCommand, untilSignal } from '../terminal/command.ts';
import { startOptions } from '../terminal/start-flags.ts';

const root = path.resolve(import.meta.dirname, '../../..');

await runCommand(async (args) => {
  const options = startOptions(args, path.join(root, 'examples/requests.jsonl'));
  const interrupt = new AbortController();
  void untilSignal().then(() => interrupt.abort());
  const clean = await run(options, {
    synthesise: () => synthesise(root),
    startCloud: startLocalCloud,
    readTfvars,
    readReportRows,
    terminal: process.stdout,
    interrupted: interrupt.signal,
  });
  return clean ? 0 : 1;
});
