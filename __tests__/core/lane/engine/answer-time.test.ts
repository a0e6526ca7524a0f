import { describe, expect, it } from 'vitest';
import { countersOf, slotReportOf } from '../../../../src/core/lane/call-counters.ts';
import { sumOf } from '../../../../src/core/lane/counters.ts';
import { AnswerTime } from '../../../../src/core/lane/engine/answer-time.ts';
import { Estimates } from '../../../../src/core/lane/engine/estimates.ts';
import { sizeOf } from '../../../../src/core/lane/engine/sizing.ts';
import { entryOf } from '../../../fixtures/entries.ts';

/** Reports of answers of these lengths: half a second until the first token, 10 ms for each. */
function reportOf(lengths: readonly number[]) {
  const counters = lengths.map((outputTokens) =>
    countersOf({
      end: 'settled',
      releasedAt: 0,
      startedAt: 100,
      finishedAt: 100 + 500 + outputTokens * 10,
      reservedTokens: 1_000,
      chargedTokens: 500,
      estimatedInputTokens: 100,
      inputTokens: 100,
      outputTokens,
      tenant: 'acme',
    }),
  );
  return slotReportOf({ slot: 0, counters: sumOf(...counters) });
}

const LENGTHS = Array.from({ length: 40 }, (_, i) => 100 + i * 20);

describe('the longest answer that fits into a time', () => {
  it('follows from how long answers of other lengths took', () => {
    const time = new AnswerTime();
    time.learn(reportOf(LENGTHS));
    expect(time.tokensWithin(100_500)).toBeCloseTo(10_000, -1);
    const successor = new AnswerTime(time.snapshot());
    expect(successor.tokensWithin(100_500)).toBeCloseTo(10_000, -2);
  });

  it.each([
    ['few are known', LENGTHS.slice(0, 20)],
    ['all are alike', LENGTHS.map(() => 200)],
    ['none is known', []],
  ])('is not known where %s', (_, lengths) => {
    const time = new AnswerTime();
    time.learn(reportOf(lengths));
    expect(time.tokensWithin(100_000)).toBeUndefined();
  });
});

it('no more is granted than can be answered in the time of a call, even to an answer that was cut', () => {
  const estimates = new Estimates();
  estimates.learn(reportOf(LENGTHS));
  const entry = entryOf(0, {
    lane: 'anthropic.claude-opus-5:geo',
    model_id: 'us.anthropic.claude-opus-5-v1:0',
    max_tokens: undefined,
    full_allowance: true,
  });
  const limits = { tokens_per_minute: 10_000_000 };
  const { maxTokens, mostMaxTokens } = sizeOf(entry, estimates, limits, 5_000, 285_000);
  expect(maxTokens).toBeGreaterThan(28_000);
  expect(maxTokens).toBeLessThan(29_000);
  expect(mostMaxTokens).toBe(maxTokens);
  // The control: without a limit of time, all that the model can give.
  expect(sizeOf(entry, estimates, limits, 5_000).maxTokens).toBe(128_000);
  // What the producer asks for is the producer's to know.
  expect(sizeOf({ ...entry, max_tokens: 64_000 }, estimates, limits, 5_000, 285_000).maxTokens).toBe(64_000);
});
