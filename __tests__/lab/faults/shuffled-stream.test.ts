import { describe, expect, it } from 'vitest';
import { deliverShuffled } from '../../../src/lab/faults/shuffled-stream.ts';
import { forkRandom } from '../../../src/lab/simulation/random.ts';
import { createReportRows } from '../../../src/memory/reporting.ts';
import { lifeOf } from '../../fixtures/lives.ts';

const IMAGES = Array.from({ length: 60 }, (_, n) => lifeOf(`r${n}`, { accepted_at: n * 5_000 })).flat();
const deliver = (rows?: ReturnType<typeof createReportRows>) =>
  deliverShuffled(IMAGES, forkRandom(1, 'shuffle'), rows);

describe('a stream that comes several times and in another order', () => {
  it('is counted as one clean pass', async () => {
    expect(await deliver()).toEqual({ again: 2 * IMAGES.length, equal: true });
  });

  it('is not, where rows do not remember what they have counted', async () => {
    const rows = createReportRows();
    const forgetful = {
      ...rows,
      add: (...[key, { counters }]: Parameters<typeof rows.add>) => rows.add(key, { counters, changes: [] }),
    };
    expect(await deliver(forgetful)).toMatchObject({ equal: false });
  });

  it('is not, where a change is counted in the minute that it is delivered in', async () => {
    const rows = createReportRows();
    let deliveries = 0;
    const late = {
      ...rows,
      add: (...[key, addition]: Parameters<typeof rows.add>) =>
        rows.add({ ...key, minute: `delivery ${Math.floor(deliveries++ / 10)}` }, addition),
    };
    expect(await deliver(late)).toMatchObject({ equal: false });
  });
});
