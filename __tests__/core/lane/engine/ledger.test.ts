import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countersOf, heldBy, slotReportOf } from '../../../../src/core/lane/call-counters.ts';
import { type CallReport, slotOf } from '../../../../src/core/lane/call-report.ts';
import { type Counters, sumOf } from '../../../../src/core/lane/counters.ts';
import { ANY_DELAY, Ledger, type StartDelay } from '../../../../src/core/lane/engine/ledger.ts';

const LEASE_MS = 330_000;

/** A ledger with releases and the reports about them, summed by slot as the lanes table does. */
class Account {
  readonly ledger = new Ledger(LEASE_MS);
  readonly #totals = new Map<number, Counters>();

  release(releasedAt: number, reserved: number, held = reserved, expected = 0): void {
    this.ledger.release(slotOf(releasedAt), {
      releases: 1,
      bundles: 1,
      reserved,
      held,
      variance: 0,
      expected,
    });
  }

  /** A worker tells of a call that runs. */
  hold(releasedAt: number, startedBy: number): void {
    const slot = slotOf(releasedAt);
    this.#add(slot, heldBy(slot, [{ tenant: 'acme', startedBy }]));
  }

  report(call: Partial<CallReport> & Pick<CallReport, 'releasedAt' | 'finishedAt' | 'reservedTokens'>): void {
    const added = countersOf({
      end: 'settled',
      tenant: 'acme',
      chargedTokens: 0,
      estimatedInputTokens: 0,
      inputTokens: 0,
      outputTokens: 0,
      ...call,
    });
    this.#add(slotOf(call.releasedAt), added);
  }

  #add(slot: number, added: Counters): void {
    const counters = sumOf(this.#totals.get(slot) ?? {}, added);
    this.#totals.set(slot, counters);
    this.ledger.report(slotReportOf({ slot, counters }));
  }
}

describe('the worked example of the quota documentation: 1,000 input tokens, max tokens 4,000', () => {
  // https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html
  it('holds input + max tokens from the release, input + output × 5 from the settlement', () => {
    const account = new Account();
    account.release(0, 5_000);
    expect(account.ledger.usage(1).tokens).toBe(5_000);
    account.report({
      releasedAt: 0,
      startedAt: 200,
      finishedAt: 3_000,
      reservedTokens: 5_000,
      chargedTokens: 1_000 + 100 * 5,
    });
    expect(account.ledger.usage(3_000)).toMatchObject({ requests: 1, tokens: 1_500 });
  });

  it('holds a charge above the reservation (5,250 at the start, 9,000 at the end) for a minute from the end', () => {
    const account = new Account();
    account.release(0, 5_250);
    account.report({
      releasedAt: 0,
      startedAt: 0,
      finishedAt: 40_000,
      reservedTokens: 5_250,
      chargedTokens: 9_000,
    });
    expect(account.ledger.usage(40_000).tokens).toBe(9_000);
    // The start is a minute ago, the debt is not.
    expect(account.ledger.usage(61_000).tokens).toBe(3_750);
    expect(account.ledger.usage(101_000).tokens).toBe(0);
  });
});

describe('a release', () => {
  it('what has been released since a time is told with its charge once that is known', () => {
    const account = new Account();
    const { ledger } = account;
    account.release(0, 2_500, 2_500, 1_500);
    account.release(0, 2_500, 2_500, 1_500);
    account.release(30_000, 5_000, 5_000, 2_000);
    const started = { releasedAt: 0, startedAt: 200, finishedAt: 3_000 };
    account.report({ ...started, reservedTokens: 2_500, chargedTokens: 4_000 });
    expect(ledger.releasedSince(-20_000)).toEqual({ requests: 3, tokens: 4_000 + 1_500 + 2_000 });
    expect(ledger.releasedSince(10_000)).toEqual({ requests: 1, tokens: 2_000 });
  });

  it('is watched for a debt while it runs, though few such calls will owe one', () => {
    const account = new Account();
    account.release(0, 5_000);
    expect(account.ledger.awaitsDebts).toBe(false);
    account.release(0, 5_000, 5_001, 2_000);
    expect(account.ledger.awaitsDebts).toBe(true);
    for (let call = 0; call < 2; call++)
      account.report({ releasedAt: 0, finishedAt: 1_000, reservedTokens: 5_000 });
    expect(account.ledger.awaitsDebts).toBe(false);
  });

  it('counts for a minute with what it will be charged, however long its call takes, and with room for the error of a debt', () => {
    const account = new Account();
    const tokens = (now: number, inMs: number) =>
      account.ledger
        .releases(now)
        .leftOf({ requests: 10, tokens: 0 })
        .find((left) => left.inMs === inMs)?.tokens;
    account.release(0, 5_000, 5_000, 2_000);
    expect(tokens(20_000, 39_500)).toBe(-2_000);
    expect(tokens(20_000, 40_000)).toBeCloseTo(0);
    for (let call = 0; call < 4; call++) account.release(10_000, 5_000, 5_000, 9_000);
    // Four debts of 4,000, of which none is certain.
    expect(tokens(20_000, 40_000)).toBe(-4 * 9_000 - 0.75 * 2 * 4_000);
    expect(tokens(70_000, 0)).toBeCloseTo(0);
  });

  it('counts until a minute after its start once that is known', () => {
    const account = new Account();
    account.release(0, 500);
    account.report({
      releasedAt: 0,
      startedAt: 600,
      finishedAt: 900,
      reservedTokens: 500,
      chargedTokens: 300,
    });
    expect(account.ledger.usage(60_600)).toMatchObject({ requests: 1, tokens: 300 });
    expect(account.ledger.usage(60_750)).toMatchObject({ requests: 0, tokens: 0 });
  });

  it('counts until the last possible start has left the minute while nothing is known', () => {
    const account = new Account();
    account.release(0, 500);
    expect(account.ledger.usage(80_499)).toMatchObject({ requests: 1, tokens: 500 });
    expect(account.ledger.usage(80_500)).toMatchObject({ requests: 0, tokens: 0 });
    const delay: StartDelay = { earliest: 0, latest: 1_000 };
    expect(account.ledger.usage(61_500, delay)).toMatchObject({ requests: 0, tokens: 0 });
  });

  it('counts until a minute after its start while it runs, once its worker has told of that', () => {
    const account = new Account();
    account.release(0, 500);
    account.release(0, 300);
    account.hold(0, 600);
    // Nobody knows which of the two it is that runs.
    expect(account.ledger.usage(60_600)).toMatchObject({ requests: 2, tokens: 800 });
    expect(account.ledger.usage(60_750)).toMatchObject({ requests: 1, tokens: 400 });
    expect(account.ledger.outlook(60_600, 90_000).leftOf({ requests: 2, tokens: 800 })[1]?.requests).toBe(1);
    account.report({
      ...{ releasedAt: 0, startedAt: 400, startedBy: 600, finishedAt: 70_000 },
      ...{ reservedTokens: 500, chargedTokens: 500 },
    });
    expect(account.ledger.usage(70_000)).toMatchObject({ requests: 1, tokens: 300 });
  });

  it('is free again when it was not started', () => {
    const account = new Account();
    account.release(0, 500);
    account.report({ end: 'not_started', releasedAt: 0, finishedAt: 900, reservedTokens: 500 });
    expect(account.ledger.usage(1_000)).toMatchObject({ requests: 0, tokens: 0 });
    expect(account.ledger.unfinished(1_000)).toEqual({ releases: 0, bundles: 0 });
  });

  it('takes its worker until it ends, or until its lease runs out', () => {
    const account = new Account();
    account.release(0, 500);
    expect(account.ledger.unfinished(LEASE_MS)).toEqual({ releases: 1, bundles: 1 });
    expect(account.ledger.unfinished(LEASE_MS + 1)).toEqual({ releases: 0, bundles: 0 });
    account.ledger.prune(LEASE_MS + 1);
    expect(account.ledger.slots()).toEqual([]);
  });

  it('leaves a successor nothing of what was expected of it once it has ended: the reports tell the rest', () => {
    const account = new Account();
    account.release(10, 500, 700, 300);
    const end = { releasedAt: 10, finishedAt: 900, reservedTokens: 500, chargedTokens: 200 };
    expect(account.ledger.slots()).toMatchObject([[0, { releases: 1, held: 700, expected: 300 }]]);
    account.report({ ...end, startedAt: 300 });
    expect(account.ledger.slots()).toMatchObject([
      [0, { releases: 1, bundles: 1, reserved: 500, held: 0, variance: 0, expected: 0 }],
    ]);
    const successor = new Account();
    for (const [slot, releases] of account.ledger.slots()) successor.ledger.release(slot, releases);
    successor.report({ ...end, startedAt: 300 });
    expect(successor.ledger.usage(1_000)).toEqual(account.ledger.usage(1_000));
    expect(successor.ledger.releasedSince(0)).toEqual(account.ledger.releasedSince(0));
    expect(successor.ledger.unfinished(1_000)).toEqual({ releases: 0, bundles: 0 });
    // By a clock that is behind, in the same slot: it counts with all that it reserves.
    successor.release(20, 400, 400, 300);
    expect(successor.ledger.usage(1_000)).toMatchObject({ requests: 2, tokens: 200 + 400 });
    expect(successor.ledger.unfinished(1_000)).toEqual({ releases: 1, bundles: 1 });
  });

  it('of several in a slot settles alone', () => {
    const account = new Account();
    account.release(10, 500);
    account.release(20, 1_000);
    account.report({
      releasedAt: 20,
      startedAt: 300,
      finishedAt: 900,
      reservedTokens: 1_000,
      chargedTokens: 200,
    });
    expect(account.ledger.usage(1_000)).toMatchObject({ requests: 2, tokens: 700 });
  });
});

/** A call as it happens to go, and when the ledger is asked whether it may. */
interface Traffic {
  gapMs: number;
  delayMs: number;
  runMs: number;
  reportLagMs: number;
  /** Its worker tells of it if it runs for so long. */
  toldAfterMs: number;
  input: number;
  maxTokens: number;
  /** Share of max tokens that the answer has. */
  length: number;
}

const TPM = 20_000;
const RPM = 40;

/** What Bedrock would say: three tiny enforcements of one quota, each written from its description alone. */
type Enforcement = (
  calls: readonly Started[],
  at: number,
  phase: number,
) => { tokens: number; requests: number };

interface Started {
  at: number;
  endsAt: number;
  reserved: number;
  charged: number;
}

const valueAt = (call: Started, at: number) => (at >= call.endsAt ? call.charged : call.reserved);

const slidingMinute: Enforcement = (calls, at) => {
  const seen = calls.filter((call) => call.at > at - 60_000 && call.at <= at);
  return { requests: seen.length, tokens: seen.reduce((sum, call) => sum + valueAt(call, at), 0) };
};

const fixedMinute: Enforcement = (calls, at, phase) => {
  const begin = Math.floor((at - phase) / 60_000) * 60_000 + phase;
  const seen = calls.filter((call) => call.at >= begin && call.at <= at);
  return { requests: seen.length, tokens: seen.reduce((sum, call) => sum + valueAt(call, at), 0) };
};

const tokenBucket: Enforcement = (calls, at) => {
  const drained = (limit: number, events: [at: number, amount: number][]) => {
    let missing = 0;
    let last = 0;
    for (const [when, amount] of events.filter(([when]) => when <= at).sort((a, b) => a[0] - b[0])) {
      missing = Math.max(0, Math.max(0, missing - ((when - last) * limit) / 60_000) + amount);
      last = when;
    }
    return Math.max(0, missing - ((at - last) * limit) / 60_000);
  };
  return {
    requests: drained(
      RPM,
      calls.map((call) => [call.at, 1]),
    ),
    tokens: drained(
      TPM,
      calls.flatMap((call) => [
        [call.at, call.reserved],
        [call.endsAt, call.charged - call.reserved],
      ]),
    ),
  };
};

/** Releases whatever `usage` leaves room for and returns the calls as Bedrock saw them. */
function admit(
  traffic: readonly Traffic[],
  usageAt: (ledger: Ledger, now: number) => ReturnType<Ledger['usage']>,
) {
  const account = new Account();
  const reports: { at: number; tell: () => void }[] = [];
  const started: Started[] = [];
  let now = 0;
  for (const it of traffic) {
    now += it.gapMs;
    for (const due of reports.filter(({ at }) => at <= now)) {
      due.tell();
      reports.splice(reports.indexOf(due), 1);
    }
    const reserved = it.input + it.maxTokens;
    const used = usageAt(account.ledger, now);
    if (used.requests + 1 > RPM || used.tokens + reserved > TPM) continue;
    account.release(now, reserved);
    const at = now + it.delayMs;
    const endsAt = at + it.runMs;
    const charged = it.input + Math.floor(it.maxTokens * it.length);
    started.push({ at, endsAt, reserved, charged });
    const releasedAt = now;
    const startedBy = it.runMs > it.toldAfterMs ? at + it.reportLagMs : undefined;
    if (startedBy !== undefined)
      reports.push({
        at: at + it.toldAfterMs + it.reportLagMs,
        tell: () => account.hold(releasedAt, startedBy),
      });
    const call = { releasedAt, startedAt: at, startedBy, finishedAt: endsAt };
    reports.push({
      at: endsAt + it.reportLagMs,
      tell: () => account.report({ ...call, reservedTokens: reserved, chargedTokens: charged }),
    });
  }
  return started.sort((a, b) => a.at - b.at);
}

const traffic = fc.array(
  fc.record({
    gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000 })),
    delayMs: fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 20_000 })),
    runMs: fc.oneof(fc.integer({ min: 10, max: 5_000 }), fc.integer({ min: 10, max: 120_000 })),
    reportLagMs: fc.integer({ min: 0, max: 2_000 }),
    toldAfterMs: fc.integer({ min: 0, max: 20_000 }),
    input: fc.integer({ min: 1, max: 2_000 }),
    maxTokens: fc.integer({ min: 1, max: 4_000 }),
    length: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { minLength: 50, maxLength: 250 },
);

/** The first call that the enforcement would have refused. */
function refused(calls: readonly Started[], enforcement: Enforcement, phase: number): Started | undefined {
  return calls.find((call, index) => {
    const used = enforcement(calls.slice(0, index + 1), call.at, phase);
    return used.requests > RPM + 1e-6 || used.tokens > TPM + 1e-6;
  });
}

describe('what the ledger admits', () => {
  const enforcements = { slidingMinute, fixedMinute, tokenBucket };

  it.each(Object.entries(enforcements))('is never refused by a %s', (_name, enforcement) => {
    fc.assert(
      fc.property(traffic, fc.integer({ min: 0, max: 59_999 }), (calls, phase) => {
        const started = admit(calls, (ledger, now) => ledger.usage(now, ANY_DELAY));
        expect(started.length).toBeGreaterThan(0);
        expect(refused(started, enforcement, phase)).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });

  it('is refused when no margin is held for the delay between release and start', () => {
    // The control: the account forgets a release a minute after the release, whenever it started.
    const forgetful = (ledger: Ledger, now: number) => {
      const recent = new Ledger(LEASE_MS);
      for (const [slot, releases] of ledger.slots())
        if (slot * 500 > now - 60_000) recent.release(slot, releases);
      return recent.usage(now);
    };
    const found = fc.check(
      fc.property(traffic, (calls) => refused(admit(calls, forgetful), slidingMinute, 0) === undefined),
      { numRuns: 300, seed: 1, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
});
