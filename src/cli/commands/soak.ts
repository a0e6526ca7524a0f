/** `npm run soak -- [--requests N] [--seed N] [--json FILE]`: hours of traffic and random faults on a virtual clock. */
import { writeFileSync } from 'node:fs';
import { type SoakFigures, soak } from '../../lab/soak/soak.ts';
import { runCommand } from '../terminal/command.ts';
import { numberFlag, readFlags } from '../terminal/flags.ts';

const DEFAULT_REQUESTS = 100_000;

await runCommand(async (args) => {
  const flags = readFlags(args, ['requests', 'seed', 'json']);
  const requests =
    numberFlag('requests', flags.requests, { min: 1, max: 1e9, whole: true }) ?? DEFAULT_REQUESTS;
  const seed = numberFlag('seed', flags.seed, { min: 0, max: 2 ** 32 - 1, whole: true }) ?? 1;
  const begun = performance.now();
  const figures = await soak(requests, seed, ({ accepted, unfinished, heapMb }) =>
    console.log(`${accepted} of ${requests} accepted, ${unfinished} unfinished, ${Math.round(heapMb)} MB`),
  );
  const seconds = Math.round((performance.now() - begun) / 1_000);
  console.log(linesOf(figures, seconds).join('\n'));
  if (flags.json !== undefined)
    writeFileSync(flags.json, `${JSON.stringify({ ...figures, seconds }, undefined, 2)}\n`);
  return isClean(figures) ? 0 : 1;
});

function linesOf(figures: SoakFigures, seconds: number): string[] {
  const { requests, completed, failed, lost, injectedFaults, heapMb, violations } = figures;
  return [
    '',
    `${requests} requests in ${figures.virtualMinutes} virtual minutes, ${seconds} s: ${completed} completed, ${failed} failed, ${lost} lost`,
    `${figures.calls} calls to Bedrock: ${figures.throttled} throttled, ${figures.faulty} answered with a server error`,
    `${injectedFaults.failedCalls} calls to AWS failed, ${injectedFaults.deaths} invocations died, ${injectedFaults.duplicates} messages came twice`,
    `${figures.duplicateResults} results sent again, all the same; ${violations.length} broken promises`,
    ...violations.slice(0, 20).map((violation) => `  ${violation}`),
    `Memory: ${heapMb.firstHalf} MB in the first half, ${heapMb.secondHalf} MB in the second: ${verdictOf(heapMb.flat)}`,
  ];
}

function isClean({ requests, completed, failed, lost, violations, heapMb }: SoakFigures): boolean {
  return lost === 0 && violations.length === 0 && completed + failed === requests && heapMb.flat !== false;
}

function verdictOf(flat: boolean | undefined): string {
  if (flat === undefined) return 'too short a run to judge';
  return flat ? 'flat' : 'growing';
}
