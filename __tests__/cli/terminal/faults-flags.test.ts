import { describe, expect, it } from 'vitest';
import { faultsOptions } from '../../../src/cli/terminal/faults-flags.ts';
import { UsageError } from '../../../src/cli/terminal/flags.ts';
import { CLOCK_SKEW_MS } from '../../../src/core/request/times.ts';
import { faultsOf } from '../../../src/lab/faults/faults.ts';

const ALL = faultsOf(CLOCK_SKEW_MS).map(({ name }) => name);
const chosen = (...args: string[]) => {
  const { faults, kills } = faultsOptions(args);
  return { names: faults.map(({ name }) => name), kills };
};

describe('the flags of npm run faults', () => {
  it('choose every fault, and killed functions, unless told otherwise', () => {
    expect(chosen()).toEqual({ names: ALL, kills: true });
    expect(faultsOptions([])).toMatchObject({ seed: 1, json: undefined });
  });

  it('leave out the local cloud, at any place of the line', () => {
    expect(chosen('--virtual-only')).toEqual({ names: ALL, kills: false });
    const { faults, kills, seed, json } = faultsOptions(
      '--only partition --virtual-only --seed 7 --json a.json'.split(' '),
    );
    expect(faults.map(({ name }) => name)).toEqual(ALL.filter((name) => name.includes('partition')));
    expect({ kills, seed, json }).toEqual({ kills: false, seed: 7, json: 'a.json' });
  });

  it('choose by a part of the name', () => {
    expect(chosen('--only', 'S3: partition')).toEqual({ names: ['S3: partition'], kills: false });
    expect(chosen('--only', 'SIGKILL')).toEqual({ names: [], kills: true });
  });

  it.each([
    ['--only SIGKILL --virtual-only'],
    ['--only nothing'],
    ['--seed -1'],
    ['--virtual'],
    ['partition'],
  ])('are refused: %s', (line) => {
    expect(() => faultsOptions(line.split(' '))).toThrow(UsageError);
  });
});
