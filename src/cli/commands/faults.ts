/** `npm run faults -- [flags]`: faults from outside, and what they cost. Flags: docs/reliability.md. */
import { writeFileSync } from 'node:fs';
import { type FaultFigures, isHarmless } from '../../lab/faults/figures.ts';
import { killFunctions } from '../../lab/faults/local.ts';
import { meetFault } from '../../lab/faults/virtual.ts';
import { runCommand } from '../terminal/command.ts';
import { faultsOptions } from '../terminal/faults-flags.ts';

await runCommand(async (args) => {
  const { faults, kills, seed, json } = faultsOptions(args);
  const all: FaultFigures[] = [];
  const show = (figures: FaultFigures) => {
    all.push(figures);
    console.log(rowOf(figures));
    for (const violation of figures.violations.slice(0, 5)) console.log(`  ${violation}`);
  };
  console.log(row('fault', 'struck', 'requests', 'failed', 'lost', 'again', 'paid twice', 'recovery'));
  for (const fault of faults) show(await meetFault(fault, seed));
  if (kills) show(await killFunctions(seed));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ seed, faults: all }, undefined, 2)}\n`);
  return all.every(isHarmless) ? 0 : 1;
});

function rowOf(figures: FaultFigures): string {
  const { fault, struck, requests, failed, lost, duplicatedResults, paidTwice, recoverySeconds } = figures;
  const recovery = recoverySeconds === undefined ? 'never' : `${recoverySeconds} s`;
  const numbers = [struck, requests, failed, lost, duplicatedResults, paidTwice].map(String);
  return row(fault, ...numbers, recovery);
}

function row(fault: string, ...cells: string[]): string {
  return fault.padEnd(36) + cells.map((cell) => cell.padStart(11)).join('');
}
