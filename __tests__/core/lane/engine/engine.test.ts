import { describe, expect, it } from 'vitest';
import { countersOf, type SlotTotals } from '../../../../src/core/lane/call-counters.ts';
import { type CallReport, slotOf } from '../../../../src/core/lane/call-report.ts';
import { type Counters, sumOf } from '../../../../src/core/lane/counters.ts';
import { type EngineSettings, LaneEngine } from '../../../../src/core/lane/engine/engine.ts';
import type { Decisions, TickInput } from '../../../../src/core/lane/engine/tick.ts';
import { PRIORITY_WEIGHTS } from '../../../../src/core/lane/priority-weights.ts';
import type { BacklogEntry } from '../../../../src/core/request/ports.ts';
import { entryOf } from '../../../fixtures/entries.ts';

const SETTINGS: EngineSettings = {
  averageRequestMs: 5_000,
  minutesToProcess: 5,
  leaseMs: 330_000,
};
const LIMITS = { requests_per_minute: 6_000, tokens_per_minute: 10_000_000 };

/** An engine with a backlog of its own: what it releases leaves it. */
class Lane {
  readonly engine: LaneEngine;
  readonly #totals = new Map<number, Counters>();
  waiting: BacklogEntry[] = [];

  constructor(settings: Partial<EngineSettings> = {}, memory?: string) {
    this.engine = new LaneEngine({ ...SETTINGS, ...settings }, memory);
  }

  tick(now: number, input: Partial<TickInput> = {}): Decisions {
    const decisions = this.engine.tick({
      now,
      reports: this.reports(),
      queues: [this.waiting],
      limits: LIMITS,
      workers: 1_000,
      priorityWeights: PRIORITY_WEIGHTS,
      tenantWeights: {},
      paused: false,
      ...input,
    });
    const gone = new Set(decisions.releases.map(({ entry }) => entry));
    this.waiting = this.waiting.filter((entry) => !gone.has(entry));
    return decisions;
  }

  /** Ticks every half second; returns how many were released. */
  run(from: number, to: number, input: Partial<TickInput> = {}): number {
    let released = 0;
    for (let now = from; now < to; now += 500) released += this.tick(now, input).releases.length;
    return released;
  }

  report(call: Partial<CallReport> & Pick<CallReport, 'releasedAt'>): void {
    const { releasedAt } = call;
    const report = {
      end: 'settled' as const,
      tenant: 'default',
      startedAt: releasedAt + 200,
      finishedAt: releasedAt + 1_200,
      reservedTokens: 500,
      chargedTokens: 200,
      estimatedInputTokens: 100,
      inputTokens: 100,
      outputTokens: 100,
      ...call,
    };
    const slot = slotOf(releasedAt);
    this.#totals.set(slot, sumOf(this.#totals.get(slot) ?? {}, countersOf(report)));
  }

  reports(): SlotTotals[] {
    return [...this.#totals].map(([slot, counters]) => ({ slot, counters }));
  }
}

function backlog(count: number, fields: Partial<BacklogEntry> = {}): BacklogEntry[] {
  return Array.from({ length: count }, (_, i) => entryOf(i, fields));
}

describe('the variables act', () => {
  it('minutes_to_process: so many minutes of quota may be released and unfinished', () => {
    for (const minutesToProcess of [0.1, 0.5]) {
      const lane = new Lane({ minutesToProcess });
      lane.waiting = backlog(1_000);
      const limits = { requests_per_minute: 100, tokens_per_minute: 10_000_000 };
      // One place in fifteen is kept for urgent requests.
      expect(lane.run(0, 300_000, { limits })).toBe(Math.ceil((100 * minutesToProcess * 14) / 15));
      lane.waiting = backlog(1_000, { priority: 1 });
      expect(lane.run(300_000, 310_000, { limits })).toBe(Math.floor((100 * minutesToProcess) / 15));
    }
  });

  it('max_concurrent_executions: no more bundles are out than workers can take', () => {
    for (const workers of [2, 5]) {
      const lane = new Lane();
      lane.waiting = backlog(1_000);
      expect(lane.run(0, 60_000, { workers })).toBeLessThanOrEqual(workers * 40);
      expect(lane.engine.unfinished(60_000).bundles).toBe(workers);
    }
  });

  it('average_request_duration: long calls hold their reservations long, so fewer start until real ones are known', () => {
    const released = [5_000, 50_000].map((averageRequestMs) => {
      const lane = new Lane({ averageRequestMs });
      // Answers are expected to be half of max tokens. They have waited for long, so they go evenly.
      lane.waiting = backlog(1_000, { max_tokens: 4_000, accepted_at: -600_000 });
      return lane.run(0, 5_000, { limits: { tokens_per_minute: 1_000_000 } });
    });
    expect(released[1]).toBeGreaterThan(0);
    expect(released[1]).toBeLessThan((released[0] ?? 0) * 0.8);
  });
});

describe('pacing', () => {
  const limits = { requests_per_minute: 240 };

  it('lets a burst that fits go at once', () => {
    const lane = new Lane();
    lane.waiting = backlog(240);
    expect(lane.tick(0, { limits }).releases).toHaveLength(240);
  });

  it('goes on without a pause while much waits for long', () => {
    const lane = new Lane();
    lane.waiting = backlog(2_000, { accepted_at: -600_000 });
    const counts: number[] = [];
    for (let now = 0; now < 500_000; now += 500) counts.push(lane.tick(now, { limits }).releases.length);
    // Two in half a second is the quota's rate, while nothing is heard of the calls that is a little less.
    const sum = (of: number[]) => of.reduce((all, count) => all + count, 0);
    const last = counts.slice(-120);
    expect(sum(last)).toBeGreaterThan(150);
    // Kept for later altogether, so that all minutes become even, it would be 1,297.
    expect(sum(counts.slice(120))).toBeGreaterThan(1_320);
    // At first a third of the minute went in ten seconds, and nothing at the minute's end.
    expect(Math.max(...last)).toBeLessThanOrEqual(8);
    const inTwoSeconds = last.slice(3).map((_, i) => sum(last.slice(i, i + 4)));
    expect(Math.min(...inTwoSeconds)).toBeGreaterThanOrEqual(1);
  });

  it('takes each place of a small quota when it becomes free', () => {
    const lane = new Lane();
    lane.waiting = backlog(100, { accepted_at: -600_000 });
    const eight = { requests_per_minute: 8 };
    const started: number[] = [];
    for (let now = 0; started.length <= 16; now += 400) {
      for (const { reserved } of lane.tick(now, { limits: eight }).releases) {
        started.push(now);
        const times = { releasedAt: now, startedAt: now + 100, finishedAt: now + 500 };
        lane.report({ ...times, reservedTokens: reserved });
      }
    }
    expect(started[16]).toBeLessThan(124_000);
  });

  it('is even from the start where no source has confirmed the limits', () => {
    const burst = (assumed: TickInput['assumed']) => {
      const lane = new Lane();
      lane.waiting = backlog(100, { accepted_at: 0 });
      return lane.tick(0, { limits, assumed }).releases.length;
    };
    expect(burst([])).toBeGreaterThan(50);
    expect(burst(['requests_per_minute'])).toBeLessThan(20);
  });

  it('leaves room for the urgent work that has come lately', () => {
    const waited = (history: boolean) => {
      const lane = new Lane();
      const urgent = (now: number) => entryOf(now, { priority: 1, accepted_at: now });
      for (let now = 0; now < 120_000; now += 500) {
        lane.waiting = history && now % 3_000 === 0 ? [urgent(now)] : [];
        lane.tick(now, { limits });
      }
      lane.waiting = backlog(1_000, { accepted_at: 120_000 });
      for (let now = 120_000; now < 150_000; now += 500) lane.tick(now, { limits });
      lane.waiting.push(...[1, 2, 3].map((nth) => urgent(150_000 + nth)));
      let now = 150_000;
      for (; lane.waiting.some(({ priority }) => priority === 1); now += 500) lane.tick(now, { limits });
      return now - 150_000;
    };
    expect(waited(true)).toBeLessThan(5_000);
    // The control: where nothing urgent ever came, the burst leaves room for one.
    expect(waited(false)).toBeGreaterThan(20_000);
  });
});

describe('reports', () => {
  it('of long calls are asked for now and then, not at every tick', () => {
    const lane = new Lane();
    lane.waiting = backlog(5);
    lane.run(0, 120_000);
    const asked = Array.from({ length: 40 }, (_, i) => lane.engine.reportsFrom(120_000 + i * 250));
    expect(asked.filter((slot) => slot === 0)).toHaveLength(2);
    expect(asked.filter((slot) => slot >= slotOf(100_000))).toHaveLength(38);
  });

  it('are all read by a successor', () => {
    const lane = new Lane();
    lane.waiting = backlog(5);
    lane.tick(0);
    const successor = new Lane({}, lane.engine.snapshot());
    expect(successor.engine.reportsFrom(50_000)).toBe(0);
  });
});

describe('a deadline', () => {
  it('expires a request before it spends anything', () => {
    const lane = new Lane();
    lane.waiting = [entryOf(1, { deadline_at: 999 }), entryOf(2, { deadline_at: 1_001 })];
    const { releases, expired } = lane.tick(1_000);
    expect(expired.map(({ request_id }) => request_id)).toEqual(['r1']);
    expect(releases.map(({ entry }) => entry.request_id)).toEqual(['r2']);
  });
});

describe('limits', () => {
  it('of zero stop the lane and fail nothing', () => {
    const lane = new Lane();
    lane.waiting = backlog(5);
    const { releases, oversized } = lane.tick(0, { limits: { tokens_per_minute: 0 } });
    expect([releases, oversized]).toEqual([[], []]);
    expect(lane.engine.figures.paused).toBe('no_quota');
  });

  it('that a request exceeds by its estimated input let it run alone, for Bedrock to decide', () => {
    const lane = new Lane();
    const limits = { tokens_per_minute: 4_000 };
    lane.waiting = [entryOf(1, { input_tokens: 50_000, max_tokens: undefined }), entryOf(2)];
    const [release, ...others] = lane.tick(0, { limits }).releases;
    // Max tokens as for any other request: a room that the estimate denies says nothing.
    expect(release).toMatchObject({ entry: { request_id: 'r1' }, exceedsQuota: true, maxTokens: 800 });
    expect(others).toEqual([]);
  });

  it('that nobody has confirmed fail no request', () => {
    const lane = new Lane();
    lane.waiting = [entryOf(1, { max_tokens: 5_000 })];
    const limits = { tokens_per_minute: 4_000 };
    const { releases, oversized } = lane.tick(0, { limits, assumed: ['tokens_per_minute'] });
    expect(oversized).toEqual([]);
    expect(releases).toMatchObject([{ exceedsQuota: true, maxTokens: 5_000 }]);
  });

  it('smaller than a request fail that one and let the others go', () => {
    const lane = new Lane();
    lane.waiting = [entryOf(1, { max_tokens: 5_000 }), entryOf(2)];
    const { releases, oversized } = lane.tick(0, { limits: { tokens_per_minute: 4_000 } });
    expect(oversized.map(({ entry }) => entry.request_id)).toEqual(['r1']);
    expect(releases.map(({ entry }) => entry.request_id)).toEqual(['r2']);
  });

  it('that change act at the next tick', () => {
    const lane = new Lane();
    lane.waiting = backlog(2_000);
    lane.run(0, 60_000, { limits: { requests_per_minute: 60 } });
    const before = lane.run(60_000, 120_000, { limits: { requests_per_minute: 60 } });
    const after = lane.run(120_000, 180_000, { limits: { requests_per_minute: 600 } });
    expect(after).toBeGreaterThan(before * 7);
  });

  it('an operator’s pause releases nothing, and resuming goes on', () => {
    const lane = new Lane();
    lane.waiting = backlog(5);
    expect(lane.tick(0, { paused: true }).releases).toEqual([]);
    expect(lane.tick(500).releases.length).toBeGreaterThan(0);
  });
});

describe('max tokens that the producer left unset', () => {
  const grantOf = (lane: Lane, now: number, fields: Partial<BacklogEntry> = {}) => {
    lane.waiting = [entryOf(now, { max_tokens: undefined, ...fields })];
    return lane.tick(now).releases[0]?.maxTokens;
  };
  /** From calls like these, of which every so-many-th was cut. */
  const learn = (lane: Lane, call: Partial<CallReport>, cutEvery = Number.POSITIVE_INFINITY) => {
    lane.waiting = backlog(200);
    let calls = 0;
    for (let now = 0; now < 30_000; now += 500) {
      for (const { reserved } of lane.tick(now).releases) {
        calls += 1;
        const truncated = calls % cutEvery === 0;
        lane.report({ releasedAt: now, reservedTokens: reserved, truncated, ...call });
      }
    }
  };

  it('are granted cautiously while nothing is known, and by what answers need afterwards', () => {
    const lane = new Lane();
    expect(grantOf(lane, 0)).toBe(4_096);
    learn(lane, { outputTokens: 1_000 });
    const granted = grantOf(lane, 40_000) ?? 0;
    expect(granted).toBeGreaterThan(1_000);
    expect(granted).toBeLessThan(1_700);
  });

  it('let several calls run on a small quota with a high burndown rate, though nothing is known of their answers', () => {
    const lane = new Lane();
    const fields = { lane: 'anthropic.claude-opus-5:geo', input_tokens: 100, max_tokens: undefined };
    lane.waiting = backlog(20, fields);
    const limits = { tokens_per_minute: 22_000 };
    const { releases } = lane.tick(0, { limits });
    // Of 4,096 tokens each would be charged twice the minute.
    expect(releases.map(({ maxTokens }) => maxTokens)).toEqual([512, 512, 512, 512]);
    // Control: the producer's choice is granted, and believed as little.
    const careless = new Lane();
    careless.waiting = backlog(20, { ...fields, max_tokens: 4_096 });
    expect(careless.tick(0, { limits }).releases).toHaveLength(4);
  });

  it('grow fourfold while answers are cut at what was granted, up to all that the model can give', () => {
    const cutAt = (outputTokens: number) => {
      const lane = new Lane();
      learn(lane, { outputTokens, truncated: true });
      return grantOf(lane, 40_000) ?? 0;
    };
    // Nothing says how long the answers would have been. Sizes are known to a fifth.
    expect(cutAt(1_000) / 4_000).toBeGreaterThanOrEqual(1);
    expect(cutAt(1_000) / 4_000).toBeLessThan(1.2);
    expect(cutAt(4_000)).toBe(10_000);
  });

  it('grow by more where more answers are cut', () => {
    const cutOf = (every: number) => {
      const lane = new Lane();
      learn(lane, { outputTokens: 1_000 }, every);
      return grantOf(lane, 40_000) ?? 0;
    };
    const without = cutOf(Number.POSITIVE_INFINITY);
    expect(cutOf(66)).toBe(without);
    expect(cutOf(20) / without).toBeCloseTo(1.6, 1);
    expect(cutOf(8) / without).toBeCloseTo(2.5, 1);
    expect(cutOf(1) / without).toBeCloseTo(3.2, 1);
  });

  it('are four times as many where an answer was cut, and all that the model can give where one was cut again', () => {
    const lane = new Lane();
    learn(lane, { outputTokens: 100 });
    const usual = grantOf(lane, 40_000) ?? 0;
    expect(usual).toBeLessThan(512);
    expect(grantOf(lane, 41_000, { full_allowance: false })).toBe(4 * usual);
    expect(grantOf(lane, 42_000, { full_allowance: true })).toBe(10_000);
  });

  it('are few for short answers to short inputs, and more where a rerun would cost more', () => {
    const lane = new Lane();
    learn(lane, { outputTokens: 1 });
    const inputs = [10, 300, 5_000];
    const grants = inputs.map((input_tokens, i) => grantOf(lane, 40_000 + 500 * i, { input_tokens }));
    expect(grants).toEqual([128, 300, 512]);
  });

  it('are never more than the context leaves beside the input', () => {
    const [lane, name] = [new Lane(), 'anthropic.claude-haiku-4-5:geo'];
    const all = { lane: name, full_allowance: true };
    expect(grantOf(lane, 0, { ...all, input_tokens: 1_000 })).toBe(64_000);
    // Less two percent of the input, which is an estimate.
    expect(grantOf(lane, 500, { ...all, input_tokens: 190_000 })).toBe(6_200);
    // The catalog may be older than the model.
    expect(grantOf(lane, 1_000, { ...all, input_tokens: 250_000 })).toBe(64_000);
  });

  it('leave room for thinking, and for an answer beside it', () => {
    const lane = new Lane();
    const thinking = { lane: 'anthropic.claude-haiku-4-5:geo', thinking_tokens: 8_000 };
    expect(grantOf(lane, 0, thinking)).toBe(8_000 + 4_096);
    learn(lane, { outputTokens: 100 });
    expect(grantOf(lane, 40_000, thinking)).toBe(8_000 + 512);
    // More than the model has: Bedrock says so.
    expect(grantOf(lane, 41_000, { ...thinking, thinking_tokens: 70_000 })).toBe(70_001);
  });

  it('are learned by task', () => {
    const lane = new Lane();
    learn(lane, { outputTokens: 4_000, task: 'report' });
    for (const now of [31_000, 31_500]) {
      lane.waiting = backlog(40);
      for (const { reserved } of lane.tick(now).releases) {
        lane.report({ releasedAt: now, reservedTokens: reserved, outputTokens: 1_000, task: 'title' });
      }
      lane.run(now + 500, now + 500);
    }
    expect(grantOf(lane, 40_000, { task: 'report' })).toBeGreaterThan(4_000);
  });
});

describe('trouble', () => {
  it('stops the lane; requests that were released least probe', () => {
    const lane = new Lane();
    lane.waiting = backlog(20);
    const first = lane.tick(0).releases;
    expect(first.length).toBeGreaterThan(2);
    for (const _ of first) lane.report({ releasedAt: 0, end: 'transient' });
    lane.waiting = [...first.map(({ entry }) => ({ ...entry, failures: 1, generation: 3 })), entryOf(99)];
    expect(lane.tick(500).releases).toEqual([]);
    const probe = lane.tick(20_000).releases;
    expect(probe.map(({ entry, probe }) => [entry.request_id, probe])).toEqual([['r99', true]]);
    expect(lane.tick(20_500).releases).toEqual([]);
    lane.report({ releasedAt: 20_000, probe: true });
    const after = lane.tick(21_500).releases;
    expect(after.length).toBeGreaterThan(1);
    expect(after.some(({ probe }) => probe)).toBe(false);
  });

  it('of one tenant alone lets that one rest, tells who it is, and stops the lane only while nobody else waits', () => {
    const lane = new Lane();
    lane.waiting = [...backlog(5, { tenant: 'bad' }), entryOf(6, { tenant: 'good' })];
    for (const { entry } of lane.tick(0).releases) {
      lane.report({
        releasedAt: 0,
        tenant: entry.tenant,
        end: entry.tenant === 'bad' ? 'transient' : 'settled',
      });
    }
    lane.waiting = [...backlog(5, { tenant: 'bad' }), entryOf(8, { tenant: 'good' })];
    expect(lane.tick(1_500).releases.map(({ entry }) => entry.tenant)).toEqual(['good']);
    expect([lane.engine.figures.resting, lane.engine.figures.paused]).toEqual([['bad'], undefined]);
    expect(lane.tick(2_000).releases).toEqual([]);
    expect(lane.engine.figures).toMatchObject({ resting: ['bad'], paused: 'failing' });
    expect(lane.tick(5_000).releases.map(({ entry, probe }) => [entry.tenant, probe])).toEqual([
      ['bad', true],
    ]);
  });

  const [GOOD, BAD] = ['amazon.nova-lite-v1:0', 'amazon.nova-lite-v9:0'];
  /** Two calls of each id given, denied. */
  const denied = (...models: string[]) => {
    const lane = new Lane();
    lane.waiting = models.flatMap((model_id) => [entryOf(0, { model_id }), entryOf(1, { model_id })]);
    for (const { entry } of lane.tick(0).releases) {
      lane.report({ releasedAt: 0, end: 'denied', modelId: entry.model_id });
    }
    return lane;
  };

  it('with a denied model id stops that id alone, and shows in the figures where nothing else is served', () => {
    const lane = denied(BAD);
    lane.waiting = [
      ...[2, 3].map((order) => entryOf(order, { model_id: BAD })),
      ...[4, 5].map((order) => entryOf(order, { model_id: GOOD })),
    ];
    const released = lane.tick(500).releases;
    expect(released.map(({ entry, probe }) => [entry.request_id, probe])).toEqual([
      ['r4', false],
      ['r5', false],
    ]);
    expect(lane.engine.figures.paused).toBe('denied');
    // Once another id is served, the denied one is known to be wrong: its requests go, and fail by themselves.
    for (const _ of released) lane.report({ releasedAt: 500, modelId: GOOD });
    expect(lane.tick(2_000).releases.map(({ entry }) => entry.model_id)).toEqual([BAD, BAD]);
    expect(lane.engine.figures.paused).toBeUndefined();
  });

  it('with a denied model id sends one of its requests as a probe after a minute', () => {
    const lane = denied(GOOD);
    lane.waiting = [entryOf(2, { model_id: GOOD, generation: 1 }), entryOf(3, { model_id: GOOD })];
    expect(lane.run(500, 60_000)).toBe(0);
    const probe = lane.tick(60_500).releases;
    expect(probe.map(({ entry, probe }) => [entry.request_id, probe])).toEqual([['r3', true]]);
    expect(lane.tick(61_000).releases).toEqual([]);
    lane.report({ releasedAt: 60_500, modelId: GOOD });
    expect(lane.tick(62_000).releases).toHaveLength(1);
  });
});

describe('memory', () => {
  it('lets a successor count what was released, and know what was learned', () => {
    const lane = new Lane();
    lane.waiting = backlog(400);
    const limits = { requests_per_minute: 90 };
    expect(lane.run(0, 60_000, { limits })).toBe(90);
    const successor = new Lane({}, lane.engine.snapshot());
    successor.waiting = backlog(400);
    expect(successor.run(60_000, 60_400, { limits })).toBe(0);
    // The control: a leader that knows nothing releases again.
    const forgetful = new Lane();
    forgetful.waiting = backlog(400);
    expect(forgetful.run(60_000, 60_400, { limits })).toBeGreaterThan(0);
  });

  it('stays small, whatever the traffic', () => {
    const lane = new Lane();
    for (let now = 0; now < 90_000; now += 500) {
      lane.waiting = Array.from({ length: 50 }, (_, i) => entryOf(now + i, { tenant: `tenant-${i}` }));
      for (const { reserved } of lane.tick(now).releases) {
        lane.report({ releasedAt: now, reservedTokens: reserved, outputTokens: now % 3_000 });
      }
    }
    expect(lane.engine.snapshot().length).toBeLessThan(30_000);
  });

  it('of an unknown version starts afresh', () => {
    const lane = new Lane({}, '{"v":99,"anything":true}');
    lane.waiting = backlog(3);
    expect(lane.tick(0).releases.length).toBeGreaterThan(0);
  });

  it('of version 1 is read for ever', () => {
    const written =
      '{"v":1,"slots":[[0,100,10,50000,50000,0,20000]],"shares":{"priorities":[[3,100]],"tenants":[[3,[["default",100]]]]},"estimates":{"outputs":[[[30,50]],[]],"tasks":[],"starts":[[],[]],"run":[50,50000],"delay":[50,10000],"error":[50,0],"estimated":[50,5000],"real":[50,5000]},"adaptation":{"share":0.5,"ceiling":0.6,"cutAt":0}}';
    const lane = new Lane({}, written);
    lane.waiting = backlog(10);
    expect(lane.tick(1_000, { limits: { requests_per_minute: 100 } }).releases).toEqual([]);
    expect(lane.engine.unfinished(1_000)).toEqual({ releases: 100, bundles: 10 });
    expect(lane.engine.figures.share).toBeCloseTo(0.5, 1);
  });
});
