import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BacklogFigures } from '../../../src/core/lane/backlog-figures.ts';
import { BacklogSizes, type SizesState } from '../../../src/core/prioritization/backlog-sizes.ts';
import type { BacklogEntry } from '../../../src/core/request/ports.ts';
import { entryOf } from '../../fixtures/entries.ts';

const HEADS = 25;
const SECOND = 1_000;
const CHARGE = 500;

/** One queue, and the leaders that count it, second by second. */
class Lane {
  now = 1_000_000;
  waiting: BacklogEntry[] = [];
  /** Released, and may come back. */
  out: BacklogEntry[] = [];
  /** Entries read beyond the heads. */
  read = 0;
  #created = 0;
  #sizes = this.#leader();
  #before: SizesState | undefined;

  /** In the second to come, or so long before. */
  arrive(count: number, agoMs = 0, lagMs = 0): void {
    for (let nth = 1; nth <= count; nth++) {
      const order = this.now - agoMs + Math.ceil((nth * SECOND) / count);
      const accepted_at = order + lagMs;
      this.waiting.push(entryOf(order, { request_id: `r${this.#created++}`, accepted_at }));
    }
    this.#sort();
  }

  release(count: number): void {
    const gone = this.waiting.splice(0, Math.min(count, HEADS));
    this.#sizes.remove(gone);
    this.out.push(...gone);
  }

  /** The leader sees neither of these. */
  cancel(count: number): void {
    this.waiting.splice(-count);
  }

  comeBack(count: number): void {
    this.waiting.push(...this.out.splice(-count).map((it) => ({ ...it, generation: it.generation + 1 })));
    this.#sort();
  }

  async count(): Promise<void> {
    this.now += SECOND;
    this.#before = this.#sizes.state;
    const seen = {
      backlog_key: entryOf(0).backlog_key,
      heads: this.waiting.slice(0, HEADS),
      whole: this.waiting.length < HEADS,
    };
    await this.#sizes.refresh(
      this.now,
      [seen],
      () => CHARGE,
      () => false,
    );
  }

  handOver(): void {
    this.#sizes = this.#leader(this.#sizes.state);
  }

  /** The successor knows only what the leader left a second ago. */
  crash(): void {
    this.#sizes = this.#leader(this.#before);
  }

  /** As after an upgrade from a release that left nothing. */
  forget(): void {
    this.#sizes = this.#leader();
  }

  get known(): number {
    return this.#sizes.figures.lines.reduce((sum, [, , requests]) => sum + requests, 0);
  }

  get figures(): BacklogFigures {
    return this.#sizes.figures;
  }

  #leader(before?: SizesState): BacklogSizes {
    const since = async (_: string, order: number, limit: number) => {
      const found = this.waiting.filter((it) => it.backlog_order > order).slice(0, limit);
      this.read += found.length;
      return found;
    };
    return new BacklogSizes({ since }, this.now, before);
  }

  #sort(): void {
    this.waiting.sort((a, b) => a.backlog_order - b.backlog_order);
  }
}

describe('the sizes of a backlog', () => {
  it('are exact of a burst of which only the first requests are read again and again', async () => {
    const lane = new Lane();
    await lane.count();
    for (let second = 0; second < 20; second++) {
      lane.arrive(100);
      lane.release(10);
      await lane.count();
    }
    expect(lane.waiting.length).toBe(1_800);
    expect(lane.known).toBe(1_800);
    const [priority, tenant, requests, charge, perMinute] = lane.figures.lines[0] ?? [];
    expect([priority, tenant, requests, charge]).toEqual([3, 'default', 1_800, CHARGE]);
    expect(perMinute).toBeGreaterThan(5_000);
    expect(perMinute).toBeLessThanOrEqual(6_000);
  });

  it('are exact although ingestion falls further and further behind and leaders change', async () => {
    const lane = new Lane();
    await lane.count();
    for (let second = 0; second < 40; second++) {
      lane.arrive(60, second * 500, second * 500);
      lane.release(5);
      if (second % 9 === 8) lane.handOver();
      await lane.count();
    }
    expect(lane.known).toBe(lane.waiting.length);
  });

  it('are exact of what ingestion takes after a pause, in shuffled order', async () => {
    const lane = new Lane();
    for (let second = 0; second < 30; second++) {
      lane.arrive(60);
      await lane.count();
    }
    for (let second = 0; second < 120; second++) await lane.count();
    for (let second = 0; second < 60; second++) {
      const agoMs = 120_000 - second * 1_000 + (second % 3) * 1_500;
      lane.arrive(60, agoMs, agoMs);
      await lane.count();
    }
    expect(lane.known).toBe(lane.waiting.length);
  });

  it('are counted again by a successor to whom nothing was left', async () => {
    const lane = new Lane();
    lane.arrive(5_000, 60_000, 60_000);
    await lane.count();
    lane.forget();
    for (let second = 0; second < 10; second++) await lane.count();
    expect(lane.known).toBe(5_000);
  });

  it('are those of a new lane whose leader comes late', async () => {
    const lane = new Lane();
    lane.arrive(700, 120_000);
    await lane.count();
    await lane.count();
    expect(lane.known).toBe(700);
  });

  it('cost no more than what newly comes, however much waits', async () => {
    const readWith = async (waiting: number) => {
      const lane = new Lane();
      lane.arrive(waiting, 60_000);
      for (let second = 0; second < 12; second++) await lane.count();
      const before = lane.read;
      for (let second = 0; second < 10; second++) {
        lane.arrive(5);
        lane.release(5);
        await lane.count();
      }
      return lane.read - before;
    };
    expect(await readWith(20_000)).toBe(await readWith(1_000));
  });

  it('go from leader to leader', async () => {
    const lane = new Lane();
    await lane.count();
    lane.arrive(500);
    await lane.count();
    lane.handOver();
    lane.release(20);
    lane.arrive(7);
    await lane.count();
    expect(lane.known).toBe(487);
  });

  it('are of the charges that a successor sees, where its predecessor has seen none', async () => {
    const lane = new Lane();
    await lane.count();
    lane.handOver();
    lane.arrive(10);
    await lane.count();
    expect(lane.figures.lines.map(([, , requests, charge]) => [requests, charge])).toEqual([[10, CHARGE]]);
  });

  it('heal, whatever leaves or returns unseen, and even when a leader dies', async () => {
    const step = fc.record({
      arrive: fc.integer({ min: 0, max: 60 }),
      release: fc.integer({ min: 0, max: 20 }),
      unseen: fc.constantFrom('nothing', 'cancel', 'come back', 'crash', 'hand over'),
      count: fc.integer({ min: 1, max: 15 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const lane = new Lane();
        for (const { arrive, release, unseen, count } of steps) {
          lane.arrive(arrive);
          lane.release(release);
          if (unseen === 'cancel') lane.cancel(count);
          if (unseen === 'come back') lane.comeBack(count);
          if (unseen === 'crash') lane.crash();
          if (unseen === 'hand over') lane.handOver();
          await lane.count();
        }
        // A backlog that is never read whole, and moves on.
        lane.arrive(100);
        const steady = lane.waiting.length;
        for (let served = 0; served < 3 * steady + 500; served += HEADS) {
          lane.release(HEADS);
          lane.arrive(HEADS);
          await lane.count();
        }
        expect(lane.known).toBe(lane.waiting.length);
      }),
      { numRuns: 30 },
    );
  });
});
