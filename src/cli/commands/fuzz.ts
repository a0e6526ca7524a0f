/** `npm run fuzz -- [flags]`: any text through ingestion. docs/reliability.md. */
import { writeFileSync } from 'node:fs';
import { fuzz, messageOf } from '../../lab/fuzz/fuzz.ts';
import { runCommand } from '../terminal/command.ts';
import { numberFlag, readFlags } from '../terminal/flags.ts';

const DEFAULT_CASES = 100_000;
const DEFAULT_SEED = 1;
const SHOWN_BROKEN = 5;
const SHOWN_CHARACTERS = 2_000;

await runCommand(async (args) => {
  const flags = readFlags(args, ['cases', 'seed', 'case', 'json']);
  const whole = { min: 0, max: 2 ** 32 - 1, whole: true };
  const seed = numberFlag('seed', flags.seed, whole) ?? DEFAULT_SEED;
  const one = numberFlag('case', flags.case, whole);
  const cases =
    one === undefined ? (numberFlag('cases', flags.cases, { ...whole, min: 1 }) ?? DEFAULT_CASES) : 1;

  if (one !== undefined) console.log(messageOf(seed, one).slice(0, SHOWN_CHARACTERS));
  const report = await fuzz({ seed, cases, from: one });
  const rejected = Object.entries(report.rejected).sort(([, a], [, b]) => b - a);
  console.log(`messages   ${report.cases}`);
  console.log(`accepted   ${report.accepted}`);
  for (const [type, count] of rejected) console.log(`rejected   ${count} (${type})`);
  console.log(`broken     ${report.broken.length}`);
  for (const { case: number, problem } of report.broken.slice(0, SHOWN_BROKEN)) {
    console.log(`\n${problem}\nReplay: npm run fuzz -- --seed ${seed} --case ${number}`);
  }
  if (flags.json !== undefined)
    writeFileSync(flags.json, `${JSON.stringify({ seed, ...report }, undefined, 2)}\n`);
  return report.broken.length === 0 ? 0 : 1;
});
