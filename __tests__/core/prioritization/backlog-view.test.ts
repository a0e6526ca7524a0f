import { describe, expect, it } from 'vitest';
import type { Announced } from '../../../src/core/lane/ports.ts';
import { BacklogView } from '../../../src/core/prioritization/backlog-view.ts';
import type { Backlog } from '../../../src/core/request/ports.ts';
import { entryOf } from '../../fixtures/entries.ts';

const { lane } = entryOf(0);

/** Of a lane whose queues have been announced at 10,000, one for each tenant unless they name something else. */
function viewOf(
  queues: () => readonly { tenant?: string; about?: Announced; nonce?: string }[],
  heads: Backlog['heads'],
  holdsBack?: (model: string) => boolean,
): BacklogView {
  const list = async () =>
    queues().map(({ tenant = 'default', nonce = tenant, about }) => ({
      ...{ ...entryOf(0, { tenant }), announced_at: 10_000, nonce },
      ...(about && { about }),
    }));
  const directory = { list, forget: async () => {} };
  const backlog = { heads, since: async () => [] };
  return new BacklogView(lane, { directory, backlog }, undefined, holdsBack);
}

it.each([
  { what: 'whose model is denied', fields: { model_id: 'us.denied' } },
  { what: 'that have failed', fields: { failures: 1 } },
])('those $what hide nothing that waits behind them, however many they are', async ({ fields }) => {
  const waiting = [
    ...Array.from({ length: 1_500 }, (_, order) => entryOf(order, fields)),
    ...Array.from({ length: 100 }, (_, order) => entryOf(1_500 + order)),
  ];
  const view = viewOf(
    () => [{}],
    async (_, limit) => waiting.slice(0, limit),
    (model) => model === 'us.denied',
  );
  for (let now = 20_000; now < 30_000; now += 200) await view.refresh(now, undefined);
  const seen = view.heads(30_000).flat();
  expect(
    seen.filter(({ failures, model_id }) => failures === 0 && model_id !== 'us.denied').length,
  ).toBeGreaterThan(20);
});

it('queues that have nothing more are read together, whenever each of them was first read', async () => {
  const tenants = ['acme'];
  const read: string[] = [];
  const entries = [1, 2, 3, 4, 5].map((order) => entryOf(order, { tenant: 'acme' }));
  const view = viewOf(
    () => tenants.map((tenant) => ({ tenant })),
    async (key) => {
      const tenant = tenants.find((it) => entryOf(0, { tenant: it }).backlog_key === key) ?? '';
      read.push(tenant);
      return tenant === 'acme' ? entries : [];
    },
  );
  await view.refresh(10_000, undefined);
  view.release(entries, 10_000);
  tenants.push('globex');
  await view.refresh(10_500, undefined);
  expect(read).toEqual(['acme', 'globex']);
  await view.refresh(11_000, undefined);
  expect(read.slice(2).sort()).toEqual(['acme', 'globex']);
});

it.each([
  { failures: 1, restMs: 1_000 },
  { failures: 2, restMs: 10_000 },
  { failures: 3, restMs: 20_000 },
])('after $failures failures a request is released again after $restMs ms', async ({ failures, restMs }) => {
  const entry = entryOf(1);
  const returned = { ...entry, failures, generation: entry.generation + 1 };
  const view = viewOf(
    () => [{}],
    async () => [returned],
  );
  view.release([entry], 10_000);
  await view.refresh(10_000, undefined);
  expect(view.heads(10_000 + restMs - 1)).toEqual([[]]);
  expect(view.heads(10_000 + restMs)).toMatchObject([[{ request_id: entry.request_id }]]);
});

it.each([
  { tenants: 10, read: 800 },
  { tenants: 1_000, read: 50 },
])('reads $read heads of each of $tenants long queues, where 400 go at once', async ({ tenants, read }) => {
  const queues = Array.from({ length: tenants }, (_, number) => ({ tenant: `t${number}` }));
  let most = 0;
  const view = viewOf(
    () => queues,
    async (backlog_key, limit) => {
      most = Math.max(most, limit);
      return Array.from({ length: limit }, (_, order) => entryOf(order, { backlog_key }));
    },
  );
  const gone = Array.from({ length: 400 }, (_, order) => entryOf(10_000 + order, { tenant: 'another' }));
  for (let now = 10_000; now < 55_000; now += 3_000) {
    view.release(gone, now);
    await view.refresh(now, undefined);
  }
  expect(most).toBe(read);
});

describe('a release that no worker has claimed', () => {
  const [first, second] = [entryOf(1), entryOf(2)];
  const world = () => {
    const shown = [first, second];
    const view = viewOf(
      () => [{}],
      async (_key, limit) => shown.slice(0, limit),
    );
    return { view, shown };
  };

  it('is not released again, however long the index shows it', async () => {
    const { view } = world();
    await view.refresh(10_000, undefined);
    view.release([first], 10_000);
    for (let now = 12_000; now <= 130_000; now += 2_000) {
      await view.refresh(now, undefined);
      expect(view.heads(now)).toEqual([[second]]);
    }
  });

  it('is not released by a successor, which its lease tells', async () => {
    const { view } = world();
    const releases = [{ request_id: first.request_id, generation: first.generation + 1 }];
    view.noteReleased({ lane, id: 'l', released_at: 9_000, releases }, 10_000);
    await view.refresh(10_000, undefined);
    expect(view.heads(10_000)).toEqual([[second]]);
  });

  it('waits again when it is restored, or back', async () => {
    const { view, shown } = world();
    await view.refresh(10_000, undefined);
    view.release([first, second], 10_000);
    view.restore([first]);
    await view.refresh(10_200, undefined);
    expect(view.heads(10_200)).toEqual([[first]]);
    const returned = { ...second, generation: second.generation + 1 };
    shown.splice(0, 2, first, returned);
    await view.refresh(13_000, undefined);
    expect(view.heads(13_000)).toEqual([[first, returned]]);
  });

  it('leaves room for as many others, where only so many are read', async () => {
    const many = Array.from({ length: 200 }, (_, order) => entryOf(order));
    const { view, shown } = world();
    shown.splice(0, 2, ...many);
    await view.refresh(10_000, undefined);
    const [seen = []] = view.heads(10_000);
    view.release(seen, 10_000);
    for (let now = 10_200; now < 12_000; now += 200) await view.refresh(now, undefined);
    expect(view.heads(12_000).flat().length).toBeGreaterThanOrEqual(seen.length);
  });
});

it('shows as many as went at once lately, though rounds between have waited for a worker', async () => {
  const all = Array.from({ length: 500 }, (_, order) => entryOf(order));
  let gone = 0;
  const view = viewOf(
    () => [{}],
    async (_, limit) => all.slice(gone, gone + limit),
  );
  const shownAfter = async (now: number, released: number) => {
    view.release(all.slice(gone, gone + released), now);
    gone += released;
    await view.refresh(now, undefined);
    return view.heads(now).flat().length;
  };
  expect(await shownAfter(10_000, 40)).toBe(80);
  expect(await shownAfter(12_000, 0)).toBe(80);
  // One that got a small bundle between does not end it at once; several do.
  expect(await shownAfter(14_000, 5)).toBeGreaterThanOrEqual(40);
  for (const now of [16_000, 18_000, 20_000]) await shownAfter(now, 5);
  expect(await shownAfter(22_000, 5)).toBe(25);
});

describe('a view has seen what was written before', () => {
  const entry = entryOf(1);
  const about = { request_id: entry.request_id, generation: entry.generation };
  const another = { ...about, request_id: 'another' };

  it.each([
    { when: 'soon after it has seen the request that was announced last', named: about, seenAt: 11_300 },
    { when: 'later, where that request is still on its way into the index', named: another, seenAt: 13_200 },
  ])('$when', async ({ named, seenAt }) => {
    const view = viewOf(
      () => [{ about: named }],
      async () => [entry],
    );
    await view.refresh(10_100, undefined);
    await view.readAll(seenAt - 100, undefined, true);
    expect(view.hasSeen(10_200)).toBe(false);
    await view.readAll(seenAt, undefined, true);
    expect(view.hasSeen(10_200)).toBe(true);
  });

  it('and not yet where the queue has been announced again meanwhile', async () => {
    const listed = [{ about, nonce: 'n' }];
    const view = viewOf(
      () => listed,
      async () => [entry],
    );
    await view.refresh(10_100, undefined);
    listed[0] = { about: another, nonce: 'm' };
    await view.readAll(11_300, undefined, true);
    expect(view.hasSeen(10_200)).toBe(false);
  });
});
