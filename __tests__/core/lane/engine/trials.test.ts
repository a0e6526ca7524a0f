import { expect, it } from 'vitest';
import { Trials } from '../../../../src/core/lane/engine/trials.ts';

const TICK_MS = 250;

/** Tries all it may for so long; returns how many at which tick. Feedback comes a tick later. */
function run(refused: boolean, ms: number): number[] {
  const trials = new Trials();
  const rounds: number[] = [];
  for (let now = 0; now < ms; now += TICK_MS) {
    trials.advance(now, refused && (rounds.at(-1) ?? 0) > 0);
    let tried = 0;
    for (; trials.allows(); tried++) trials.spend(now, now / 500);
    rounds.push(tried);
  }
  return rounds;
}

it('while all are refused, one is tried about once a second', () => {
  const rounds = run(true, 30_000);
  expect(Math.max(...rounds)).toBe(1);
  const tried = rounds.reduce((sum, it) => sum + it, 0);
  expect(tried).toBeGreaterThan(20);
  expect(tried).toBeLessThanOrEqual(31);
});

it('while none is refused, each round is twice the last', () => {
  expect(run(false, 2_500).filter((it) => it > 0)).toEqual([1, 2, 4, 8, 16]);
});

it('a refusal ends the round and makes the next small again', () => {
  const trials = new Trials();
  for (let now = 0; now < 3_000; now += 500) {
    trials.advance(now, false);
    while (trials.allows()) trials.spend(now, now / 500);
  }
  trials.advance(3_000, true);
  expect(trials.allows()).toBe(false);
  trials.advance(3_750, false);
  expect(trials.allows()).toBe(true);
  trials.spend(3_750, 7);
  expect(trials.allows()).toBe(false);
});

it('remembers the slots of what it tried for as long as calls may start', () => {
  const trials = new Trials();
  trials.spend(0, 100);
  expect([trials.includes(100), trials.includes(101)]).toEqual([true, false]);
  trials.spend(60_000, 220);
  expect(trials.includes(100)).toBe(false);
});
