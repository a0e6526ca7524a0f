import { CLOCK_SKEW_MS } from '../../core/request/times.ts';
import { type FaultScenario, faultsOf } from '../../lab/faults/faults.ts';
import { KILLS } from '../../lab/faults/local.ts';
import { numberFlag, readFlags, UsageError } from './flags.ts';

export interface FaultsOptions {
  /** Those of the virtual clock. */
  faults: FaultScenario[];
  /** Whether functions are killed on the local cloud, too. */
  kills: boolean;
  seed: number;
  /** Where to write the figures, as JSON. */
  json?: string;
}

const VIRTUAL_ONLY = '--virtual-only';

/**
 * `[--virtual-only] [--only TEXT] [--seed N] [--json FILE]`
 * @throws UsageError naming flag, expectation and value
 */
export function faultsOptions(args: readonly string[]): FaultsOptions {
  const flags = readFlags(
    args.filter((argument) => argument !== VIRTUAL_ONLY),
    ['only', 'seed', 'json'],
  );
  const { only = '' } = flags;
  const faults = faultsOf(CLOCK_SKEW_MS).filter(({ name }) => name.includes(only));
  const kills = !args.includes(VIRTUAL_ONLY) && KILLS.includes(only);
  if (faults.length === 0 && !kills) throw new UsageError('only', 'matches nothing', only);
  const seed = numberFlag('seed', flags.seed, { min: 0, max: 2 ** 32 - 1, whole: true }) ?? 1;
  return { faults, kills, seed, json: flags.json };
}
