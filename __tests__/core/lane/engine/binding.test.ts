import { describe, expect, it } from 'vitest';
import { BindingWatch, type RoundEnd } from '../../../../src/core/lane/engine/binding.ts';

const LIMITS = { requests_per_minute: 100, tokens_per_minute: 1_000 };

/** A watch after a minute of rounds, a fifth of a second apart. */
function watched(endOf: (tick: number) => RoundEnd, utilisation: number): BindingWatch {
  const watch = new BindingWatch();
  for (let tick = 0; tick < 300; tick++) watch.note(tick * 200, endOf(tick), utilisation);
  return watch;
}

describe('what binds', () => {
  it.each([
    ['tokens', { requests: 50, tokens: 990 }, { by: 'tokens_per_minute' }],
    ['requests', { requests: 99, tokens: 500 }, { by: 'requests_per_minute' }],
  ])('is the limit of %s when the quota keeps work waiting', (_, used, expected) => {
    expect(watched(() => 'quota', 0.99).binds(used, LIMITS)).toEqual(expected);
  });

  it('is a variable that keeps work waiting while quota is left, with what it would take', () => {
    const watch = watched(() => 'max_concurrent_executions', 0.5);
    const binds = watch.binds({ requests: 1, tokens: 500 }, LIMITS);
    expect(binds).toEqual({ by: 'max_concurrent_executions', factor: 2 });
  });

  it('is the quota when a variable keeps work waiting although all of the quota is used', () => {
    const watch = watched(() => 'minutes_to_process', 0.97);
    expect(watch.binds({ requests: 1, tokens: 970 }, LIMITS)).toEqual({ by: 'tokens_per_minute' });
  });

  it('is nothing while work waits only now and then', () => {
    const watch = watched((tick) => (tick % 3 === 0 ? 'quota' : 'nothing waits'), 0.9);
    expect(watch.binds({ requests: 1, tokens: 900 }, LIMITS)).toBeUndefined();
  });

  it('is forgotten within half a minute', () => {
    const watch = watched(() => 'quota', 1);
    for (let tick = 300; tick < 450; tick++) watch.note(tick * 200, 'nothing waits', 0.2);
    expect(watch.binds({ requests: 1, tokens: 200 }, LIMITS)).toBeUndefined();
  });
});
