import { expect, it } from 'vitest';
import { BundlesOnOffer } from '../../../src/core/prioritization/bundles-on-offer.ts';
import { leaseIdsFrom } from '../../../src/core/request/bundle-lease.ts';
import type { OfferedBundle } from '../../../src/core/request/bundle-offers.ts';
import { ReleasesNotSentError } from '../../../src/core/request/errors.ts';
import type { HoldMessage } from '../../../src/core/request/hold-message.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';
import { LANE } from '../../fixtures/records.ts';

function offerOf(lease: string): OfferedBundle {
  const releases = [{ request_id: lease, generation: 1 }];
  return { v: 1, lane: LANE, released_at: 1, releases, lease, bytes: 100, offered: true };
}

function world() {
  const clock = {
    now: () => world.now,
    sleep: async (ms: number) => {
      world.now += ms;
    },
  };
  const world = { now: 10_000, ...createMemoryCloud({ clock: { now: () => 0 } }), logged: [] as string[] };
  const sent: HoldMessage[] = [];
  world.ports.hold.send = async (messages) => void sent.push(...messages);
  const onOffer = new BundlesOnOffer({
    ...world.ports,
    clock,
    log: (event) => void world.logged.push(event),
  });
  return { world, sent, onOffer };
}

it('what nobody takes along gets a worker of its own after a second, and what somebody took gets none', async () => {
  const { world: it, sent, onOffer } = world();
  const bundles = ['taken', 'left'].map(offerOf);
  for (const bundle of bundles) expect(await onOffer.make(bundle)).toBe(true);
  expect(await it.ports.offers.take('taken')).toBe(true);
  await onOffer.settle(10_999);
  expect(sent).toEqual([]);
  for (let times = 0; times < 2; times++) await onOffer.settle(11_000);
  expect(sent).toEqual([{ ...offerOf('left'), offered: undefined }]);
  // Nobody takes along what has a worker of its own.
  expect(await it.ports.offers.list(10)).toEqual([]);
});

it('what could not be looked at, or sent, is sent by the next call', async () => {
  const { world: it, sent, onOffer } = world();
  await onOffer.make(offerOf('r1'));
  const { stands } = it.ports.offers;
  const { send } = it.ports.hold;
  it.ports.offers.stands = () => Promise.reject(new Error('table down'));
  await onOffer.settle(11_000);
  it.ports.offers.stands = stands;
  it.ports.hold.send = () => Promise.reject(new Error('queue down'));
  await onOffer.settle(11_200);
  it.ports.hold.send = send;
  expect(it.logged).toEqual(['offer.failed', 'bundle.unsent']);
  await onOffer.settle(11_400);
  expect(sent).toHaveLength(1);
});

it('what has to go at once, and could not, goes with the next call, and is owed until then', async () => {
  const { world: it, sent, onOffer } = world();
  const { send } = it.ports.hold;
  it.ports.hold.send = () => Promise.reject(new Error('queue down'));
  const { offered: _, ...bundle } = offerOf('r1');
  await onOffer.send([bundle]);
  expect(onOffer.owes).toBe(true);
  it.ports.hold.send = send;
  await onOffer.settle(it.now);
  expect(sent).toEqual([bundle]);
  expect(onOffer.owes).toBe(false);
});

it('of several, only those that were refused go again, until their leases are over', async () => {
  const { world: it, sent, onOffer } = world();
  const bundleOf = (lease: string): HoldMessage => ({ ...offerOf(lease), offered: undefined });
  const good = bundleOf('r1');
  const bad = bundleOf(`${leaseIdsFrom(12_000)}-r2`);
  it.ports.hold.send = async (messages) => {
    sent.push(...messages);
    const unsent = messages.filter(({ lease }) => lease === bad.lease);
    if (unsent.length > 0) throw new ReleasesNotSentError(unsent);
  };
  await onOffer.send([good, bad]);
  await onOffer.settle(it.now);
  expect(sent).toEqual([good, bad, bad]);
  expect(onOffer.owes).toBe(true);
  it.now = 12_001;
  await onOffer.settle(it.now);
  expect(sent).toHaveLength(3);
  expect(onOffer.owes).toBe(false);
});

it('a leader that leaves gives workers as long for the last ones as for all others', async () => {
  const { world: it, sent, onOffer } = world();
  await onOffer.settleAll();
  expect(it.now).toBe(10_000);
  for (const lease of ['taken', 'left']) await onOffer.make(offerOf(lease));
  it.now += 400;
  await it.ports.offers.take('taken');
  await onOffer.settleAll();
  expect(it.now).toBe(11_000);
  expect(sent).toEqual([{ ...offerOf('left'), offered: undefined }]);
});
