import { describe, expect, it } from 'vitest';
import { Promptness } from '../../../src/core/prioritization/promptness.ts';

/** Ticks so far apart. */
function ticked(promptness: Promptness, from: number, everyMs: number, count: number): number {
  for (let nth = 0; nth < count; nth++) promptness.note(from + nth * everyMs, from + nth * everyMs);
  return from + (count - 1) * everyMs;
}

describe('the time to a start that nothing keeps waiting', () => {
  it('is that of two ticks and of what workers take', () => {
    const promptness = new Promptness();
    ticked(promptness, 0, 200, 5);
    expect(promptness.startMs(300)).toBe(700);
  });

  it('takes workers for cold while none has started, and for slow where the first tick is', () => {
    const promptness = new Promptness();
    promptness.note(0, 100);
    const usual = promptness.startMs();
    expect(usual).toBeGreaterThan(2_000);
    promptness.note(100, 10_000);
    expect(promptness.startMs()).toBeGreaterThan(usual + 20_000);
  });

  it('follows ticks that become slow at once, and forgets them', () => {
    const promptness = new Promptness();
    const now = ticked(promptness, 0, 200, 5);
    promptness.note(now + 200, now + 10_000);
    expect(promptness.startMs(300)).toBe(20_300);
    ticked(promptness, now + 10_200, 200, 100);
    expect(promptness.startMs(300)).toBe(700);
  });
});
