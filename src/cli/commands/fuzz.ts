import { fuzz, messageOf } from '../../lab/fuzz/fuzz.ts';
import { command, EXIT } from '../command.ts';
import { COUNT, json, seed, wholeNumber } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

const DEFAULT_CASES = 100_000;
const SHOWN_BROKEN = 5;
const SHOWN_CHARACTERS = 2_000;

export default command(
  'smoother fuzz --cases 5000 --seed 42 --json fuzz.json',
  'smoother fuzz --seed 42 --case 1234',
)
  .addOption(wholeNumber('--cases <n>', 'how many messages', COUNT).default(DEFAULT_CASES))
  .addOption(seed('of the messages'))
  .addOption(wholeNumber('--case <n>', 'this message only, which is shown', { ...COUNT, min: 0 }))
  .addOption(json())
  .action(async ({ cases, seed, case: one, json: figures }) => {
    const print = printer(figures);
    if (one !== undefined) print.line(messageOf(seed, one).slice(0, SHOWN_CHARACTERS));
    const report = await fuzz({ seed, cases: one === undefined ? cases : 1, from: one });
    const rejected = Object.entries(report.rejected).sort(([, a], [, b]) => b - a);
    print.line(`messages   ${report.cases}`);
    print.line(`accepted   ${report.accepted}`);
    for (const [type, count] of rejected) print.line(`rejected   ${count} (${type})`);
    print.line(`broken     ${report.broken.length}`);
    for (const { case: number, problem } of report.broken.slice(0, SHOWN_BROKEN)) {
      print.line(`\n${problem}\nReplay: npm run fuzz -- --seed ${seed} --case ${number}`);
    }
    print.figures({ seed, ...report });
    process.exitCode = report.broken.length === 0 ? EXIT.ok : EXIT.failed;
  });
