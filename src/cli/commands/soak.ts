import { isClean, type SoakFigures, soak } from '../../lab/soak/soak.ts';
import { command, EXIT } from '../command.ts';
import { json, seed, wholeNumber } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

const SHOWN_VIOLATIONS = 20;

export default command('smoother soak --requests 1000000 --json soak.json')
  .addOption(wholeNumber('--requests <n>', 'how many requests', { min: 1, max: 1e9 }).default(100_000))
  .addOption(seed('of arrivals and faults'))
  .addOption(json())
  .action(async ({ requests, seed, json: file }) => {
    const print = printer(file);
    const begun = performance.now();
    const figures = await soak(requests, seed, ({ accepted, unfinished, heapMb }) =>
      print.line(`${accepted} of ${requests} accepted, ${unfinished} unfinished, ${Math.round(heapMb)} MB`),
    );
    const seconds = Math.round((performance.now() - begun) / 1_000);
    print.line(linesOf(figures, seconds).join('\n'));
    print.figures({ ...figures, seconds });
    process.exitCode = isClean(figures, requests) ? EXIT.ok : EXIT.failed;
  });

function linesOf(figures: SoakFigures, seconds: number): string[] {
  const { requests, completed, failed, lost, injectedFaults, heapMb, violations } = figures;
  return [
    '',
    `${requests} requests in ${figures.virtualMinutes} virtual minutes, ${seconds} s: ${completed} completed, ${failed} failed, ${lost} lost`,
    `${figures.calls} calls to Bedrock: ${figures.throttled} throttled, ${figures.faulty} answered with a server error`,
    `${injectedFaults.failedCalls} calls to AWS failed, ${injectedFaults.deaths} invocations died, ${injectedFaults.duplicates} messages came twice`,
    `${figures.duplicateResults} results sent again, all the same; ${violations.length} broken promises`,
    ...violations.slice(0, SHOWN_VIOLATIONS).map((violation) => `  ${violation}`),
    `Memory: ${heapMb.firstHalf} MB in the first half, ${heapMb.secondHalf} MB in the second: ${growthOf(heapMb.flat)}`,
  ];
}

function growthOf(flat: boolean | undefined): string {
  if (flat === undefined) return 'the run was too short to tell';
  return flat ? 'flat' : 'growing';
}
