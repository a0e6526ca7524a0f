import { Option } from '@commander-js/extra-typings';
import { UnknownCaseError } from '../../lab/crash/errors.ts';
import { type Finding, PARTS, replayCase } from '../../lab/crash/suite.ts';
import { enumerateAll } from '../../lab/crash/workers.ts';
import { command, EXIT } from '../command.ts';
import { UsageError } from '../errors.ts';
import { json } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

const SHOWN_BROKEN = 5;

export default command(
  'smoother crash --only invocation/ --json crash.json',
  'smoother crash --case "invocation/small output/4/cut-after"',
)
  .addOption(
    new Option('--only <text>', 'scenarios with this in their name (function/scenario)').default('', 'all'),
  )
  .option('--case <id>', 'play this one case again, step by step')
  .addOption(json())
  .action(async ({ only, case: caseId, json: figures }) => {
    if (caseId !== undefined) return replayOne(caseId);
    const print = printer(figures);
    const parts = PARTS.map(({ name }) => name).filter((name) => name.includes(only));
    if (parts.length === 0) throw new UsageError(`--only matches no scenario, got ${JSON.stringify(only)}`);

    print.line(row('function', 'scenario', 'cases', 'broken'));
    const findings = await enumerateAll(parts, (finding) => print.line(rowOf(finding)));
    const cases = findings.reduce((sum, finding) => sum + finding.cases, 0);
    const broken = findings.flatMap((finding) => finding.broken);
    print.line(row('total', '', String(cases), String(broken.length)));
    for (const { id, invariants } of broken.slice(0, SHOWN_BROKEN)) {
      print.line(
        `\n${id}\n  ${invariants.join('\n  ')}\nReplay: npm run crash -- --case ${JSON.stringify(id)}`,
      );
    }
    print.figures({ cases, broken: broken.length, findings });
    process.exitCode = broken.length === 0 ? EXIT.ok : EXIT.failed;
  });

async function replayOne(caseId: string): Promise<void> {
  try {
    const { steps, invariants } = await replayCase(caseId);
    for (const step of steps) console.log(step);
    console.log(invariants.length === 0 ? 'All invariants hold.' : invariants.join('\n'));
    process.exitCode = invariants.length === 0 ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (!(error instanceof UnknownCaseError)) throw error;
    throw new UsageError(
      `--case must be the id of a case, as a broken one shows it, got ${JSON.stringify(caseId)}`,
    );
  }
}

function rowOf({ function: name, scenario, cases, complete, broken }: Finding): string {
  return row(name, scenario, complete === false ? `${cases}+` : String(cases), String(broken.length));
}

function row(name: string, scenario: string, cases: string, broken: string): string {
  return `${name.padEnd(16)}${scenario.padEnd(68)}${cases.padStart(7)}${broken.padStart(8)}`;
}
