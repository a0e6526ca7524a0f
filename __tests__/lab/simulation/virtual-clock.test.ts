import { describe, expect, it } from 'vitest';
import { DeadlockError } from '../../../src/lab/simulation/errors.ts';
import { VirtualClock } from '../../../src/lab/simulation/virtual-clock.ts';

describe('virtual clock', () => {
  it('wakes sleepers in the order of time, and of their going to sleep within an instant', async () => {
    const clock = new VirtualClock(1_000);
    const woken: string[] = [];
    for (const [name, ms] of [
      ['late', 30],
      ['first', 10],
      ['second', 10],
      ['now', 0],
    ] as const) {
      clock.spawn(async () => {
        await clock.sleep(ms);
        woken.push(`${name} ${clock.now()}`);
      });
    }
    await clock.run(2_000);
    expect(woken).toEqual(['now 1000', 'first 1010', 'second 1010', 'late 1030']);
    expect(clock.now()).toBe(2_000);
  });

  it('runs every promise job of an event before the next event', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.at(1, () => {
      clock.spawn(async () => {
        for (let job = 0; job < 1_000; job++) await Promise.resolve();
        await new Promise<void>((resolve) => process.nextTick(resolve));
        seen.push('all jobs');
      });
    });
    clock.at(1, () => seen.push('next event'));
    await clock.run(1);
    expect(seen).toEqual(['all jobs', 'next event']);
  });

  it('stops at the given time and goes on from there', async () => {
    const clock = new VirtualClock();
    const ticks: number[] = [];
    const tick = () => {
      ticks.push(clock.now());
      clock.at(clock.now() + 10, tick);
    };
    clock.at(0, tick);
    await clock.run(25);
    expect(ticks).toEqual([0, 10, 20]);
    await clock.run(30);
    expect(ticks).toEqual([0, 10, 20, 30]);
  });

  it('completes a task without letting later events happen', async () => {
    const clock = new VirtualClock();
    let later = false;
    clock.at(50, () => {
      later = true;
    });
    expect(await clock.complete(clock.sleep(20).then(() => 'done'))).toBe('done');
    expect(clock.now()).toBe(20);
    expect(later).toBe(false);
  });

  it('finds work that nothing can wake', async () => {
    const clock = new VirtualClock();
    clock.spawn(() => new Promise(() => undefined));
    await expect(clock.run(10)).rejects.toThrow(DeadlockError);
    await expect(new VirtualClock().complete(new Promise(() => undefined))).rejects.toThrow(DeadlockError);
  });

  it('lets the failure of spawned work surface', async () => {
    const clock = new VirtualClock();
    clock.spawn(async () => {
      await clock.sleep(5);
      throw new Error('broken');
    });
    await expect(clock.run(10)).rejects.toThrow('broken');
  });
});
