import { beforeEach, describe, expect, it } from 'vitest';
import { Announcements } from '../../../src/core/ingestion/announcements.ts';
import { waitingRecord } from '../../fixtures/records.ts';

interface Announced {
  id: string | undefined;
  at: number;
  silentUntil: number | undefined;
}

let announced: Announced[];
let announcements: Announcements;

beforeEach(() => {
  announced = [];
  announcements = new Announcements({
    announce: async (_, at, about, silentUntil) => {
      announced.push({ id: about?.request_id, at, silentUntil });
    },
  });
});

const make = (id: string, at: number, tenant = 'acme', accepted_at = at) =>
  announcements.make(waitingRecord(id, { tenant, accepted_at }), at);

describe('the announcements of a queue', () => {
  it('tell of each request where few come', async () => {
    for (const at of [10_000, 12_000, 14_500]) await make(`r${at}`, at);
    expect(announced.map(({ at, silentUntil }) => [at, silentUntil])).toEqual([
      [10_000, undefined],
      [12_000, undefined],
      [14_500, undefined],
    ]);
  });

  it('cover those of a second where many come, and say so', async () => {
    for (let n = 0; n < 30; n++) await make(`r${n}`, 10_000 + 100 * n);
    expect(announced).toEqual([
      { id: 'r0', at: 10_000, silentUntil: undefined },
      { id: 'r1', at: 10_100, silentUntil: 11_100 },
      { id: 'r11', at: 11_100, silentUntil: 12_100 },
      { id: 'r21', at: 12_100, silentUntil: 13_100 },
    ]);
  });

  it('name no request that was written long before: others may have been written since', async () => {
    await make('prompt', 10_000, 'acme', 9_900);
    await make('slow', 13_000, 'acme', 12_000);
    expect(announced.map(({ id }) => id)).toEqual(['prompt', undefined]);
  });

  it('say nothing about another queue', async () => {
    await make('a', 10_000, 'acme');
    await make('b', 10_100, 'globex');
    expect(announced.map(({ silentUntil }) => silentUntil)).toEqual([undefined, undefined]);
  });
});
