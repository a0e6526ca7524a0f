import { describe, expect, it } from 'vitest';
import { countersOf, slotReportOf } from '../../../../src/core/lane/call-counters.ts';
import type { CallReport } from '../../../../src/core/lane/call-report.ts';
import { Estimates } from '../../../../src/core/lane/engine/estimates.ts';
import { sizeOf } from '../../../../src/core/lane/engine/sizing.ts';
import { entryOf } from '../../../fixtures/entries.ts';

const LIMITS = { tokens_per_minute: 10_000_000 };
const OPUS = 'anthropic.claude-opus-5:geo';

function settledCall(
  call: Pick<CallReport, 'outputTokens'> & Partial<Pick<CallReport, 'task' | 'truncated'>>,
): CallReport {
  return {
    end: 'settled',
    tenant: 'acme',
    releasedAt: 0,
    startedAt: 100,
    finishedAt: 1_100,
    reservedTokens: 1_000,
    chargedTokens: 500,
    estimatedInputTokens: 100,
    inputTokens: 100,
    ...call,
  };
}

/** After answers of these lengths. */
function estimatesAfter(answers: number[], call: { task?: string; truncated?: boolean } = {}): Estimates {
  const estimates = new Estimates();
  for (const outputTokens of answers) {
    const counters = countersOf(settledCall({ outputTokens, ...call }));
    estimates.learn(slotReportOf({ slot: 0, counters }));
  }
  return estimates;
}

const answers = (count: number, tokens: number) => Array.from({ length: count }, () => tokens);
const sized = (estimates: Estimates, fields: Parameters<typeof entryOf>[1]) =>
  sizeOf(entryOf(0, { input_tokens: 0, ...fields }), estimates, LIMITS, 5_000);

describe('the charge to expect', () => {
  const chargeAfter = (count: number) =>
    sized(estimatesAfter(answers(count, 100)), { max_tokens: 4_000 }).charge;

  it('is half of max tokens while nothing is known', () => {
    expect(chargeAfter(0)).toBe(2_000);
  });

  it('follows the first few answers, and them alone from the thirtieth', () => {
    const charges = [0, 1, 3, 10, 20].map(chargeAfter);
    expect(charges).toEqual(charges.toSorted((a, b) => b - a));
    expect(chargeAfter(3)).toBeLessThan(900);
    expect(chargeAfter(10)).toBeLessThan(350);
    expect(chargeAfter(30)).toBeLessThan(110);
  });
});

describe('what is held for debts', () => {
  const heldAfter = (count: number) => {
    const { held, variance } = sized(estimatesAfter(answers(count, 50)), { lane: OPUS, max_tokens: 2_000 });
    return held + 3 * Math.sqrt(variance);
  };

  it('is that of the longest answer while nothing is known, and stays well above what few answers say', () => {
    const [none = 0, few = 0, enough = 0] = [0, 5, 30].map(heldAfter);
    expect(few).toBeLessThan(none);
    expect(enough).toBeLessThan(few);
    // Five answers of 50 tokens do not say that none is longer: far more is held than they alone would ask for.
    expect(few - enough).toBeGreaterThan(0.2 * (none - enough));
  });
});

describe('max tokens that are left to the smoother', () => {
  const grantAfter = (lengths: number[], call = {}) =>
    sized(estimatesAfter(lengths, call), { lane: OPUS, max_tokens: undefined }).maxTokens;

  it('are cautious until some ten answers are known, then shrink with what is known', () => {
    expect([0, 9].map((count) => grantAfter(answers(count, 1_000)))).toEqual([4_096, 4_096]);
    const grants = [11, 20, 31].map((count) => grantAfter(answers(count, 1_000)));
    expect(grants).toEqual(grants.toSorted((a, b) => b - a));
    expect(grants[0]).toBeGreaterThan(2_500);
    expect(grants[0]).toBeLessThan(4_096);
    expect(grants[2]).toBeLessThan(1_600);
  });

  it('are cautious, not all that the model can give, while few answers are known and were cut', () => {
    expect(grantAfter(answers(15, 4_096), { truncated: true })).toBe(4_096);
    expect(grantAfter(answers(40, 4_096), { truncated: true }) / (4 * 4_096)).toBeCloseTo(1.1, 1);
    expect(grantAfter(answers(40, 32_768), { truncated: true })).toBe(128_000);
  });
});

it('how long a call takes follows the first calls', () => {
  const runs = [0, 3, 31].map((count) => estimatesAfter(answers(count, 100)).runMs(5_000));
  expect(runs[0]).toBe(5_000);
  expect(runs[1]).toBeLessThan(3_000);
  // A second each, and a tenth until it starts.
  expect(runs[2]).toBeCloseTo(1_100, -1);
});

describe('an input of media', () => {
  const ENTRY = { input_tokens: 10_000, max_tokens: 100 };

  /** After `count` calls whose input was estimated at 10,000 tokens. */
  function estimatesAfterInputs(count: number, real: (index: number) => number, inputKind?: 'pdf') {
    const estimates = new Estimates();
    for (let index = 0; index < count; index += 1) {
      const counters = countersOf({
        end: 'settled',
        tenant: 'acme',
        releasedAt: 0,
        finishedAt: 1_100,
        reservedTokens: 10_100,
        chargedTokens: 500,
        estimatedInputTokens: 10_000,
        inputTokens: real(index),
        inputKind,
        outputTokens: 100,
      });
      estimates.learn(slotReportOf({ slot: 0, counters }));
    }
    return estimates;
  }

  it('is reserved with what its kind has turned out to cost, less than estimated, too', () => {
    const pdfs = estimatesAfterInputs(100, () => 2_000, 'pdf');
    expect(sized(pdfs, { ...ENTRY, input_kind: 'pdf' }).reserved).toBe(2_100);
    expect(
      sized(
        estimatesAfterInputs(100, () => 30_000, 'pdf'),
        { ...ENTRY, input_kind: 'pdf' },
      ).reserved,
    ).toBe(30_100);
    expect(
      sized(
        estimatesAfterInputs(10, () => 2_000, 'pdf'),
        { ...ENTRY, input_kind: 'pdf' },
      ).reserved,
    ).toBe(10_100);
  });

  it('holds as much more as inputs of its kind differ', () => {
    const even = sized(
      estimatesAfterInputs(100, () => 4_000, 'pdf'),
      { ...ENTRY, input_kind: 'pdf' },
    );
    const uneven = estimatesAfterInputs(100, (index) => (index % 2 === 0 ? 1_000 : 7_000), 'pdf');
    const spread = Math.sqrt(sized(uneven, { ...ENTRY, input_kind: 'pdf' }).variance);
    expect(even.variance).toBe(0);
    expect(spread).toBeGreaterThan(2_900);
    expect(spread).toBeLessThan(3_100);
  });

  it('teaches nothing of other kinds, nor of text, whose reservation is never lowered', () => {
    const pdfs = estimatesAfterInputs(100, () => 2_000, 'pdf');
    expect(sized(pdfs, ENTRY).reserved).toBe(10_100);
    expect(sized(pdfs, { ...ENTRY, input_kind: 'image' }).reserved).toBe(10_100);
    const texts = estimatesAfterInputs(100, () => 2_000);
    expect(sized(texts, { ...ENTRY, input_kind: 'pdf' }).reserved).toBe(10_100);
    const { reserved, charge } = sized(texts, ENTRY);
    expect(reserved).toBe(10_100);
    expect(charge).toBeLessThan(2_200);
  });

  it('is remembered by a successor', () => {
    const pdfs = estimatesAfterInputs(100, () => 2_000, 'pdf');
    const successor = new Estimates(JSON.parse(JSON.stringify(pdfs.snapshot())));
    const { reserved } = sized(successor, { ...ENTRY, input_kind: 'pdf' });
    expect(Math.abs(reserved - 2_100)).toBeLessThan(20);
  });
});

describe('answers of a task', () => {
  const learnOf = (estimates: Estimates, task: string, outputTokens: number) =>
    estimates.learn(slotReportOf({ slot: 0, counters: countersOf(settledCall({ task, outputTokens })) }));
  const outputOf = (estimates: Estimates, task: string) =>
    estimates.outputs(task).moments((it) => it, 0).mean;

  it('are told apart from the lane’s, however many others are seen once and never again', () => {
    const estimates = new Estimates();
    for (let nth = 0; nth < 2_000; nth++) {
      learnOf(estimates, `once-${nth}`, 3_000);
      if (nth % 10 === 0) learnOf(estimates, 'often', 5);
    }
    expect(outputOf(estimates, 'often')).toBeLessThan(10);
    expect(outputOf(estimates, 'once-7')).toBeGreaterThan(1_000);
  });

  it('of tasks that are gone make room for new ones', () => {
    const estimates = new Estimates();
    for (let nth = 0; nth < 50 * 40; nth++) learnOf(estimates, `gone-${nth % 50}`, 3_000);
    for (let nth = 0; nth < 20_000; nth++) learnOf(estimates, `new-${nth % 5}`, 5);
    expect(outputOf(estimates, 'new-1')).toBeLessThan(10);
    expect(estimates.snapshot().tasks.length).toBeLessThanOrEqual(50);
  });
});
