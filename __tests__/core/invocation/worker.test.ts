import { describe, expect, it } from 'vitest';
import { BundleError } from '../../../src/core/invocation/errors.ts';
import type { ModelAnswer, ModelCall } from '../../../src/core/invocation/ports.ts';
import { runWorker } from '../../../src/core/invocation/worker.ts';
import { slotOf } from '../../../src/core/lane/call-report.ts';
import { type Counters, sumOf } from '../../../src/core/lane/counters.ts';
import type { OfferedBundle } from '../../../src/core/request/bundle-offers.ts';
import { BUNDLE_BYTES, type HoldMessage } from '../../../src/core/request/hold-message.ts';
import { bundleMsOf, CLOCK_SKEW_MS, COMMIT_MARGIN_MS } from '../../../src/core/request/times.ts';
import { VirtualClock } from '../../../src/lab/simulation/virtual-clock.ts';
import {
  ANSWER,
  LANE,
  LEASE_UNTIL,
  RELEASED_AT,
  World as Released,
} from '../../fixtures/invocation-world.ts';

const FUNCTION_MS = 100_000;
/** So workers take others along for ten seconds. */
const BUNDLE_MS = 90_000;
const CALL_MS = 5_000;

/** Workers on a virtual clock, whose calls all take five seconds. */
class World extends Released {
  readonly virtual = new VirtualClock(RELEASED_AT + 100);
  /** Workers that run. */
  running = 0;
  /** Of calls that start from now on: of the next ones, and of all others. */
  durations: number[] = [];
  callMs = CALL_MS;
  functionMs = FUNCTION_MS;

  constructor(memoryMegabytes = 1_769) {
    super();
    const { virtual } = this;
    const call = async (made: ModelCall): Promise<ModelAnswer> => {
      this.calls.push(made);
      await virtual.sleep(this.durations.shift() ?? this.callMs);
      return ANSWER;
    };
    this.ports = {
      ...this.ports,
      ...{ clock: virtual, model: { call }, memoryMegabytes, bundleMs: BUNDLE_MS },
    };
  }

  start(message: HoldMessage): void {
    const endsAt = this.virtual.now() + this.functionMs;
    this.running += 1;
    this.virtual.spawn(async () => {
      await runWorker({ ...this.ports, remainingMs: () => endsAt - this.virtual.now() }, message);
      this.running -= 1;
    });
  }

  /** A bundle under way whose worker takes others along. */
  async begin(id: string, fields: Partial<HoldMessage> = {}): Promise<void> {
    this.start({ ...(await this.release([id])), bytes: 500, ...fields });
  }

  async offer(ids: string[], bytes = 500): Promise<OfferedBundle> {
    const released_at = this.virtual.now();
    const released = await this.release(ids, {}, undefined, released_at);
    const bundle: OfferedBundle = { ...released, bytes, offered: true };
    await this.cloud.ports.offers.make(bundle);
    return bundle;
  }

  after(seconds: number): Promise<void> {
    return this.virtual.run(RELEASED_AT + 100 + seconds * 1_000);
  }

  async statusOf(id: string): Promise<string> {
    return (await this.record(id)).status;
  }

  async workersReported(): Promise<number> {
    return (await this.reported()).bundles_ended ?? 0;
  }

  /** Seconds after the first release at which bundles were released whose ends have been reported. */
  async endsReported(): Promise<number[]> {
    const slots = await this.cloud.ports.reports.since(LANE, 0);
    return slots
      .filter(({ counters }) => counters.bundles_ended)
      .map(({ slot }) => Math.floor((slot - slotOf(RELEASED_AT)) / 2));
  }

  async reported(): Promise<Counters> {
    const slots = await this.cloud.ports.reports.since(LANE, 0);
    return sumOf(...slots.map(({ counters }) => counters));
  }

  /** From now on, what is written of reports. */
  reportsWritten(): Counters[] {
    const { reports } = this.ports;
    const written: Counters[] = [];
    const add: typeof reports.add = async (lane, slot, counters) => {
      written.push(counters);
      return reports.add(lane, slot, counters);
    };
    this.ports = { ...this.ports, reports: { add } };
    return written;
  }
}

describe('a worker that runs', () => {
  it('takes along what is offered, and is free when all of it has ended', async () => {
    const world = new World();
    await world.begin('own');
    await world.after(3);
    await world.offer(['r1', 'r2']);
    await world.after(4);
    expect([await world.statusOf('r1'), await world.statusOf('r2')]).toEqual(['IN_PROGRESS', 'IN_PROGRESS']);
    // From now on the worker is counted by what it has taken along.
    expect(await world.endsReported()).toEqual([0]);
    await world.after(6);
    expect(await world.statusOf('own')).toBe('COMPLETED');
    expect([world.running, await world.workersReported()]).toEqual([1, 1]);
    await world.after(9);
    expect(world.cloud.sent.map(({ request_id }) => request_id).sort()).toEqual(['own', 'r1', 'r2']);
    expect([world.running, await world.endsReported()]).toEqual([0, [0, 3]]);
    expect(world.cloud.leases()).toEqual([]);
  });

  it('leaves what has been taken along to its worker', async () => {
    const world = new World();
    await world.begin('own');
    await world.after(2);
    const offered = await world.offer(['r1']);
    await world.after(3);
    world.start(offered);
    await world.after(3.1);
    expect(world.running).toBe(1);
    await world.after(20);
    expect(world.cloud.sent).toHaveLength(2);
    expect(await world.workersReported()).toBe(2);
  });

  it('is not waited for: what nobody has taken along runs in a worker of its own', async () => {
    const world = new World();
    const offered = await world.offer(['r1']);
    world.start(offered);
    await world.after(1);
    expect(await world.statusOf('r1')).toBe('IN_PROGRESS');
    expect(await world.cloud.ports.offers.list(9)).toEqual([]);
    await world.after(20);
    expect(await world.workersReported()).toBe(1);
  });

  it('takes along no more than it holds, or has worked through', async () => {
    const small = new World(256);
    await small.begin('own');
    await small.after(1);
    // Forty calls keep a seventh of a processor busy for five seconds.
    await small.offer(Array.from({ length: 40 }, (_, n) => `r${n}`));
    await small.after(4);
    expect(await small.statusOf('r0')).toBe('RECEIVED');
    const large = new World();
    await large.begin('own');
    await large.offer(['r1'], BUNDLE_BYTES);
    await large.after(4);
    expect(await large.statusOf('r1')).toBe('RECEIVED');
  });

  it('takes nothing along that would have too little time left', async () => {
    const world = new World();
    await world.begin('own');
    for (let n = 0; n < 8; n++) {
      await world.after(2 * n);
      await world.offer([`r${n}`]);
    }
    await world.after(20);
    expect(world.running).toBe(0);
    const left = await world.cloud.ports.offers.list(9);
    expect(left.flatMap(({ releases }) => releases.map(({ request_id }) => request_id)).sort()).toEqual([
      'r5',
      'r6',
      'r7',
    ]);
  });

  it('takes along as long as there is time for a whole bundle, and gives each all of it', async () => {
    const world = new World();
    world.functionMs = 900_000;
    const written = world.reportsWritten();
    await world.begin('own');
    for (let second = 4; second < 900; second += 4) {
      await world.offer([`r${second}`]);
      await world.after(second);
    }
    const taken = world.calls.length - 1;
    expect(taken).toBe(1 + Math.floor((900 - 90) / 4));
    for (const { timeoutMs } of world.calls)
      expect(timeoutMs).toBeGreaterThan(BUNDLE_MS - COMMIT_MARGIN_MS - 1_000);
    await world.after(900);
    // Of each, its own and those that it took along.
    expect(sumOf(...written).bundles_ended).toBe(1 + taken);
    expect(world.running).toBe(0);
  });

  it('has room again as soon as a call has ended, whatever else its bundle waits for', async () => {
    const world = new World();
    const ids = Array.from({ length: 40 }, (_, n) => `own${n}`);
    world.durations = [5_000];
    world.callMs = 60_000;
    world.start({ ...(await world.release(ids)), bytes: 500 });
    await world.offer(['r1']);
    await world.after(4);
    expect(await world.statusOf('r1')).toBe('RECEIVED');
    await world.after(6);
    expect(await world.statusOf('r1')).toBe('IN_PROGRESS');
  });

  it('takes along, after a rest, no more at once than a full bundle', async () => {
    const world = new World(256);
    world.callMs = 60_000;
    world.functionMs = 900_000;
    await world.begin('own');
    await world.after(50);
    const full = (name: string) => Array.from({ length: 20 }, (_, n) => `${name}${n}`);
    for (const name of ['a', 'b', 'c']) await world.offer(full(name));
    world.callMs = 100;
    await world.after(52);
    const begun = await Promise.all(['a0', 'b0', 'c0'].map((id) => world.statusOf(id)));
    expect(begun.filter((it) => it === 'RECEIVED')).toHaveLength(1);
    await world.after(57);
    expect(await world.statusOf('c0')).toBe('COMPLETED');
  });

  it('leaves offers to others who have room for them, unless it carries much', async () => {
    for (const { carries, taken } of [
      { carries: 2, taken: 'RECEIVED' },
      { carries: 20, taken: 'IN_PROGRESS' },
    ]) {
      const world = new World();
      world.callMs = 60_000;
      const ids = Array.from({ length: carries }, (_, n) => `own${n}`);
      world.start({ ...(await world.release(ids)), bytes: 500 });
      await world.after(2);
      // Somebody else is the first to take it.
      const { offers } = world.ports;
      const { take } = offers;
      offers.take = async (lease) => (await take(lease)) && false;
      await world.offer(['lost']);
      await world.after(3);
      offers.take = take;
      await world.offer(['next']);
      await world.after(5);
      expect(await world.statusOf('next')).toBe(taken);
    }
  });

  it('takes nothing more along after a failure: the error of its function is to show it soon', async () => {
    for (const { fails, next } of [
      { fails: false, next: 'IN_PROGRESS' },
      { fails: true, next: 'RECEIVED' },
    ]) {
      const world = new World();
      world.durations = [2_000, 6_000];
      const send = () => Promise.reject(new Error('queue down'));
      world.ports = { ...world.ports, ...(fails && { results: { send } }) };
      const message = { ...(await world.release(['own', 'other'])), bytes: 500 };
      const run = runWorker({ ...world.ports, remainingMs: () => FUNCTION_MS }, message);
      const ended = fails ? expect(run).rejects.toThrow(BundleError) : run;
      await world.after(3);
      await world.offer(['next']);
      await world.after(4);
      expect(await world.statusOf('next')).toBe(next);
      await world.after(20);
      await ended;
    }
  });

  it('does not look where its own bundle does not say how large it is', async () => {
    const world = new World();
    await world.begin('own', { bytes: undefined });
    await world.offer(['r1']);
    await world.after(4);
    expect(await world.statusOf('r1')).toBe('RECEIVED');
  });

  it('ends a call before the lease of its bundle, also where it has more time than its leader knew', async () => {
    const world = new World();
    world.functionMs = 900_000;
    world.ports = { ...world.ports, bundleMs: 840_000 };
    await world.begin('own');
    await world.after(1);
    const [call] = world.calls;
    const endsAt = RELEASED_AT + 100 + (call?.timeoutMs ?? 0) + COMMIT_MARGIN_MS;
    expect(endsAt).toBeLessThanOrEqual(LEASE_UNTIL - 2 * CLOCK_SKEW_MS);
    // As much as its leader gave it.
    expect(call?.timeoutMs).toBe(bundleMsOf(LEASE_UNTIL - RELEASED_AT) - COMMIT_MARGIN_MS);
  });

  it('goes on with its own bundle when it cannot look', async () => {
    const world = new World();
    const list = () => Promise.reject(new Error('table down'));
    world.ports = { ...world.ports, offers: { ...world.ports.offers, list } };
    await world.begin('own');
    await world.after(6);
    expect(world.cloud.sent).toHaveLength(1);
    expect(world.events.map(({ event }) => event)).toContain('offers.unread');
  });
});

describe('what a worker reports', () => {
  it('goes together where its lane can wait for it, and adds up to the same', async () => {
    const ids = ['r1', 'r2', 'r3'];
    const worlds = [undefined, true as const].map(async (unhurried) => {
      const world = new World();
      const written = world.reportsWritten();
      world.start({ ...(await world.release(ids)), bytes: 500, unhurried });
      await world.after(9);
      return { writes: written.length, reported: await world.reported() };
    });
    const [apart, together] = await Promise.all(worlds);
    expect(apart?.writes).toBeGreaterThan(ids.length);
    expect(together?.reported).toMatchObject({ ended: 3, bundles_ended: 1 });
    expect(together?.reported).toEqual(apart?.reported);
    expect(together?.writes).toBeLessThanOrEqual(2);
  });

  it('is not kept back while the worker, which takes nothing more along, waits for its last call', async () => {
    const world = new World();
    world.durations = [30_000, 60_000];
    world.start({ ...(await world.release(['r1', 'r2'])), bytes: 500, unhurried: true });
    await world.after(33);
    expect(world.running).toBe(1);
    expect(await world.reported()).toMatchObject({ ended: 1 });
  });

  it('is known to be lost where it cannot be written, after all results have gone', async () => {
    const world = new World();
    const add = async () => {
      throw new Error('throttled');
    };
    world.ports = { ...world.ports, reports: { add } };
    const message = { ...(await world.release(['r1'])), bytes: 500, unhurried: true as const };
    const run = runWorker({ ...world.ports, remainingMs: () => FUNCTION_MS }, message);
    const failed = expect(run).rejects.toThrow(BundleError);
    await world.after(9);
    await failed;
    expect(world.cloud.sent).toHaveLength(1);
  });
});
