import { describe, expect, it } from 'vitest';
import type { Limits } from '../../../src/core/lane/catalog/limits.ts';
import type { LaneSettings } from '../../../src/core/lane/ports.ts';
import { LaneRules } from '../../../src/core/prioritization/lane-rules.ts';

const MODEL = 'us.amazon.nova-lite-v1:0';
const LANE = 'amazon.nova-lite:geo';

function rulesWith(
  settings: Partial<LaneSettings>,
  quotas: (useMeanwhile?: (limits: Limits) => void) => Promise<Limits | undefined>,
  lane = LANE,
) {
  const slept = new Promise<void>(() => undefined);
  const world = { now: 0, settings, asked: 0, logged: [] as string[], slept };
  const rules = new LaneRules(
    {
      clock: { now: () => world.now, sleep: () => world.slept },
      settings: { read: async () => ({ quota_overrides: {}, tenant_weights: {}, ...world.settings }) },
      control: { pauseOf: async () => undefined, setPause: async () => undefined },
      quotas: {
        limitsOf: async (_lane, _now, useMeanwhile) => {
          world.asked += 1;
          return quotas(useMeanwhile);
        },
      },
      log: (event) => void world.logged.push(event),
    },
    lane,
  );
  return { rules, world };
}

/** What was started in the background has been answered. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('limits', () => {
  it('are the variable’s, then Service Quotas’, then the catalog’s', async () => {
    const { rules, world } = rulesWith(
      { quota_overrides: { [MODEL]: { requests_per_minute: 1 } } },
      async () => ({
        requests_per_minute: 2,
        tokens_per_minute: 2_000,
      }),
    );
    expect(rules.limits).toEqual({ requests_per_minute: 4_000, tokens_per_minute: 8_000_000 });
    await rules.refresh();
    expect(rules.limits).toEqual({ requests_per_minute: 1, tokens_per_minute: 2_000 });
    world.settings = {};
    world.now = 60_000;
    await rules.refresh();
    await settled();
    expect(rules.limits).toEqual({ requests_per_minute: 2, tokens_per_minute: 2_000 });
  });

  it('of requests end when Service Quotas lists one of tokens alone; one of tokens never does', async () => {
    for (const [quotas, limits] of [
      [{ tokens_per_minute: 9 }, { tokens_per_minute: 9 }],
      [{ requests_per_minute: 9 }, { requests_per_minute: 9, tokens_per_minute: 8_000_000 }],
    ]) {
      const { rules } = rulesWith({}, async () => quotas);
      await rules.refresh();
      expect(rules.limits).toEqual(limits);
    }
  });

  it('do not ask Service Quotas where the variable says it all', async () => {
    const all = { requests_per_minute: 1, tokens_per_minute: 1_000 };
    const { rules, world } = rulesWith({ quota_overrides: { [LANE]: all } }, async () => undefined);
    await rules.refresh();
    expect([rules.limits, world.asked]).toEqual([all, 0]);
  });

  it('stay as they were while Service Quotas cannot be asked', async () => {
    let works = true;
    const { rules, world } = rulesWith({}, async () => {
      if (!works) throw new Error('down');
      return { requests_per_minute: 5 };
    });
    await rules.refresh();
    works = false;
    world.now = 60_000;
    await rules.refresh();
    await settled();
    expect(rules.limits.requests_per_minute).toBe(5);
    expect(world.logged).toEqual(['limit.assumed', 'quotas.unknown']);
  });
});

describe('an answer of Service Quotas that takes long', () => {
  function slowly(known?: Limits) {
    let answer: (limits: Limits) => void = () => undefined;
    const { rules, world } = rulesWith({}, (useMeanwhile) => {
      if (known !== undefined) useMeanwhile?.(known);
      return new Promise<Limits>((resolve) => (answer = resolve));
    });
    return { rules, world, answer: (limits: Limits) => answer(limits) };
  }

  it('is waited for at first, for six seconds in all, and used when it comes', async () => {
    const { rules, world, answer } = slowly();
    let refreshed = false;
    world.slept = new Promise<void>((resolve) => setImmediate(resolve));
    const first = rules.refresh().then(() => {
      refreshed = true;
    });
    await Promise.resolve();
    expect(refreshed).toBe(false);
    await first;
    world.now = 6_000;
    world.slept = new Promise<void>(() => undefined);
    await rules.refresh();
    expect(rules.limits.requests_per_minute).toBe(4_000);
    answer({ requests_per_minute: 7 });
    await settled();
    expect(rules.limits.requests_per_minute).toBe(7);
  });

  it('leaves what was known before in use until it comes', async () => {
    const { rules, world, answer } = slowly({ requests_per_minute: 50, tokens_per_minute: 200_000 });
    world.slept = Promise.resolve();
    await rules.refresh();
    expect(rules.limits).toEqual({ requests_per_minute: 50, tokens_per_minute: 200_000 });
    answer({ tokens_per_minute: 7 });
    await settled();
    expect(rules.limits).toEqual({ tokens_per_minute: 7 });
  });

  it('is not asked for a second time meanwhile, nor waited for later', async () => {
    const { rules, world, answer } = slowly();
    const first = rules.refresh();
    await settled();
    answer({ requests_per_minute: 7 });
    await first;
    for (const now of [60_000, 120_000, 180_000]) {
      world.now = now;
      await rules.refresh();
    }
    expect(world.asked).toBe(2);
    expect(rules.limits.requests_per_minute).toBe(7);
  });
});

it('limits in use that nobody has confirmed are known as such, and logged once', async () => {
  const { rules, world } = rulesWith({}, async () => undefined, 'anthropic.claude-sonnet-4-6:geo');
  await rules.refresh();
  world.now = 120_000;
  await rules.refresh();
  expect(world.logged).toEqual(['limit.assumed', 'limit.assumed']);
  expect(rules.assumed).toEqual(['requests_per_minute', 'tokens_per_minute']);
  const known = rulesWith(
    {},
    async () => ({ tokens_per_minute: 5_000_000 }),
    'anthropic.claude-sonnet-4-6:geo',
  );
  await known.rules.refresh();
  expect(known.world.logged).toEqual([]);
  expect(known.rules.assumed).toEqual([]);
});

it('weights of priorities are the variable’s where it names them', async () => {
  const { rules } = rulesWith({ priority_weights: { 5: 3 } }, async () => undefined);
  await rules.refresh();
  expect(rules.priorityWeights).toEqual({ 1: 16, 2: 8, 3: 4, 4: 2, 5: 3 });
});
