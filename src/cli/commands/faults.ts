import { Option } from '@commander-js/extra-typings';
import { CLOCK_SKEW_MS } from '../../core/request/times.ts';
import { faultsOf } from '../../lab/faults/faults.ts';
import { type FaultFigures, isHarmless } from '../../lab/faults/figures.ts';
import { KILLS, killFunctions } from '../../lab/faults/local.ts';
import { meetFault } from '../../lab/faults/virtual.ts';
import { command, EXIT } from '../command.ts';
import { UsageError } from '../errors.ts';
import { json, seed } from '../terminal/options.ts';
import { printer } from '../terminal/printer.ts';

const SHOWN_VIOLATIONS = 5;

export default command('smoother faults --virtual-only --only partition --seed 7 --json faults.json')
  .addOption(new Option('--only <text>', 'faults with this in their name').default('', 'all'))
  .option('--virtual-only', 'without killing functions on the local cloud, which takes minutes')
  .addOption(seed('of when faults strike'))
  .addOption(json())
  .action(async ({ only, virtualOnly, seed, json: figures }) => {
    const { faults, kills } = chooseFaults(only, virtualOnly);
    const print = printer(figures);
    const all: FaultFigures[] = [];
    const show = (met: FaultFigures) => {
      all.push(met);
      print.line(rowOf(met));
      for (const violation of met.violations.slice(0, SHOWN_VIOLATIONS)) print.line(`  ${violation}`);
    };
    print.line(row('fault', 'struck', 'requests', 'failed', 'lost', 'again', 'paid twice', 'recovery'));
    for (const fault of faults) show(await meetFault(fault, seed));
    if (kills) show(await killFunctions(seed));
    print.figures({ seed, faults: all });
    process.exitCode = all.every(isHarmless) ? EXIT.ok : EXIT.failed;
  });

/** @throws UsageError when nothing is left */
export function chooseFaults(only: string, virtualOnly = false) {
  const faults = faultsOf(CLOCK_SKEW_MS).filter(({ name }) => name.includes(only));
  const kills = !virtualOnly && KILLS.includes(only);
  if (faults.length === 0 && !kills) {
    throw new UsageError(`--only matches no fault, got ${JSON.stringify(only)}`);
  }
  return { faults, kills };
}

function rowOf(figures: FaultFigures): string {
  const { fault, struck, requests, failed, lost, duplicatedResults, paidTwice, recoverySeconds } = figures;
  const recovery = recoverySeconds === undefined ? 'never' : `${recoverySeconds} s`;
  const numbers = [struck, requests, failed, lost, duplicatedResults, paidTwice].map(String);
  return row(fault, ...numbers, recovery);
}

function row(fault: string, ...cells: string[]): string {
  return fault.padEnd(36) + cells.map((cell) => cell.padStart(11)).join('');
}
