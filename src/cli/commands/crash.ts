/** `npm run crash -- [flags]`: dies at every call, meets in every order, and checks what is left. docs/reliability.md. */
import { writeFileSync } from 'node:fs';
import { UnknownCaseError } from '../../lab/crash/errors.ts';
import { type Finding, PARTS, replayCase } from '../../lab/crash/suite.ts';
import { enumerateAll } from '../../lab/crash/workers.ts';
import { runCommand } from '../terminal/command.ts';
import { readFlags, UsageError } from '../terminal/flags.ts';

const SHOWN_BROKEN = 5;

await runCommand(async (args) => {
  const { only = '', case: caseId, json } = readFlags(args, ['only', 'case', 'json']);
  if (caseId !== undefined) return replayOne(caseId);
  const parts = PARTS.map(({ name }) => name).filter((name) => name.includes(only));
  if (parts.length === 0) throw new UsageError('only', `matches nothing: ${only}`);

  console.log(row('function', 'scenario', 'cases', 'broken'));
  const findings = await enumerateAll(parts, (finding) => console.log(rowOf(finding)));
  const cases = findings.reduce((sum, finding) => sum + finding.cases, 0);
  const broken = findings.flatMap((finding) => finding.broken);
  console.log(row('total', '', String(cases), String(broken.length)));
  for (const { id, invariants } of broken.slice(0, SHOWN_BROKEN)) {
    console.log(
      `\n${id}\n  ${invariants.join('\n  ')}\nReplay: npm run crash -- --case ${JSON.stringify(id)}`,
    );
  }
  if (json !== undefined)
    writeFileSync(json, `${JSON.stringify({ cases, broken: broken.length, findings }, undefined, 2)}\n`);
  return broken.length === 0 ? 0 : 1;
});

async function replayOne(caseId: string): Promise<number> {
  try {
    const { steps, invariants } = await replayCase(caseId);
    for (const step of steps) console.log(step);
    console.log(invariants.length === 0 ? 'All invariants hold.' : invariants.join('\n'));
    return invariants.length === 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof UnknownCaseError) throw new UsageError('case', `names none: ${caseId}`);
    throw error;
  }
}

function rowOf({ function: name, scenario, cases, complete, broken }: Finding): string {
  return row(name, scenario, complete === false ? `${cases}+` : String(cases), String(broken.length));
}

function row(name: string, scenario: string, cases: string, broken: string): string {
  return `${name.padEnd(16)}${scenario.padEnd(68)}${cases.padStart(7)}${broken.padStart(8)}`;
}
