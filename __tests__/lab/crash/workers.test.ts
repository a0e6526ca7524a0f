import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { enumerateAll } from '../../../src/lab/crash/workers.ts';

/** One listener of each part left on its process would be too many for Node's taste. */
const MANY_PARTS = 24;

it('Processes run many parts one after the other and leave nothing behind', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  try {
    const findings: unknown[] = [];
    await enumerateAll(Array<string>(MANY_PARTS).fill('ingestion/not JSON'), (it) => findings.push(it));
    await setImmediate();
    expect(findings).toHaveLength(MANY_PARTS);
    expect(findings[0]).toMatchObject({ function: 'ingestion', scenario: 'not JSON', broken: [] });
    expect(warnings).toEqual([]);
  } finally {
    process.off('warning', onWarning);
  }
});
