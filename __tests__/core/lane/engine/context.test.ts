import { describe, expect, it } from 'vitest';
import { countersOf, slotReportOf } from '../../../../src/core/lane/call-counters.ts';
import { sumOf } from '../../../../src/core/lane/counters.ts';
import { Estimates } from '../../../../src/core/lane/engine/estimates.ts';
import { sizeOf } from '../../../../src/core/lane/engine/sizing.ts';
import { entryOf } from '../../../fixtures/entries.ts';

const CONTEXT = 200_000;

/** What is granted to an answer that was cut twice, beside an input of so many tokens. */
function grantedBeside(input_tokens: number, estimates = new Estimates()): number {
  const entry = entryOf(0, {
    lane: 'anthropic.claude-sonnet-4:geo',
    model_id: 'us.anthropic.claude-sonnet-4-20250514-v1:0',
    input_tokens,
    max_tokens: undefined,
    full_allowance: true,
  });
  return sizeOf(entry, estimates, { tokens_per_minute: 5_000_000 }, 5_000).maxTokens;
}

/** Inputs that were estimated at 10,000 tokens, and had so many more or fewer. */
function erringBy(tokens: number): Estimates {
  const counters = Array.from({ length: 100 }, (_, i) =>
    countersOf({
      end: 'settled',
      releasedAt: 0,
      startedAt: 100,
      finishedAt: 5_100,
      reservedTokens: 11_000,
      chargedTokens: 11_000,
      estimatedInputTokens: 10_000,
      inputTokens: 10_000 + (i % 2 === 0 ? tokens : -tokens),
      outputTokens: 500,
      tenant: 'acme',
    }),
  );
  const estimates = new Estimates();
  estimates.learn(slotReportOf({ slot: 0, counters: sumOf(...counters) }));
  return estimates;
}

describe('an input whose estimate errs still fits into the context beside all that may be answered', () => {
  it('by two percent, where no input of the lane is known', () => {
    expect(grantedBeside(150_000)).toBe(CONTEXT - 150_000 - 3_000);
  });

  it('by two and a half standard deviations, where more is known', () => {
    expect(grantedBeside(150_000, erringBy(4_000))).toBe(CONTEXT - 150_000 - 10_000);
    expect(grantedBeside(150_000, erringBy(0))).toBe(CONTEXT - 150_000 - 3_000);
  });

  it('but half of the room is for the answer, whatever the error', () => {
    expect(grantedBeside(198_000)).toBe(1_000);
  });

  it('and a small input costs nothing of the answer', () => {
    expect(grantedBeside(1_000, erringBy(4_000))).toBe(64_000);
  });
});
