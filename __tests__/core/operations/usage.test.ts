import { describe, expect, it } from 'vitest';
import { overviewText } from '../../../src/cli/report/overview-text.ts';
import { quotaCaseCsv, quotaCaseText, zeroQuotaText } from '../../../src/cli/report/quota-case-text.ts';
import { csv, usageCsv, usageTable } from '../../../src/cli/report/usage-text.ts';
import { firstAnswerCharge } from '../../../src/core/lane/expected-charge.ts';
import { rememberedRows, viewOverview } from '../../../src/core/operations/overview.ts';
import { quotaCaseOf } from '../../../src/core/operations/quota-case.ts';
import { readUsage, usageBy, usageOf } from '../../../src/core/operations/usage.ts';
import { reportBatch } from '../../../src/core/reporting/batch.ts';
import type { ReportRow } from '../../../src/core/reporting/ports.ts';
import { readRows } from '../../../src/core/reporting/read.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';
import { createReportRows } from '../../../src/memory/reporting.ts';
import { lifeOf } from '../../fixtures/lives.ts';
import { LANE, MODEL, waitingIn } from '../../fixtures/records.ts';

const START = Date.parse('2026-11-22T19:40:00Z');
const RANGE = { from: START, to: START + 3_600_000 };

/** Ten minutes with one request each, and one with thirty. */
async function hour() {
  const rows = createReportRows();
  const { ports } = createMemoryCloud();
  await ports.registry.register(LANE, MODEL, START);
  const images = Array.from({ length: 40 }, (_, i) =>
    lifeOf(`r${i}`, {
      tenant: i % 2 === 0 ? 'acme' : 'globex',
      accepted_at: START + Math.min(i, 10) * 60_000,
    }),
  ).flat();
  const changes = images.map((record, i) => ({ sequenceNumber: String(i), read: () => record }));
  await reportBatch(rows, changes, () => undefined);
  return { ...ports, rows };
}

describe('a report', () => {
  it.each([
    ['tenant', ['acme', 'globex']],
    ['priority', ['2']],
    ['lane', [LANE]],
    ['model', ['anthropic.claude-haiku-4-5']],
    ['hour', ['2026-11-22T19:00Z']],
  ] as const)('by %s counts every request once', async (by, names) => {
    const lines = usageBy(await readUsage(await hour(), RANGE), by);
    expect(lines.map(({ name }) => name)).toEqual(names);
    expect(lines.reduce((sum, { completed }) => sum + completed, 0)).toBe(40);
    expect(usageTable(by, lines, RANGE)).toContain(names[0]);
  });

  it('leaves out what was before and after, and counts nothing in two ranges that follow each other', async () => {
    const ports = await hour();
    const completed = async (from: number, to: number) =>
      usageOf(await readUsage(ports, { from: START + from, to: START + to })).completed;
    for (const middle of [60_000, 90_000, 600_000]) {
      expect((await completed(0, middle)) + (await completed(middle, 3_600_000))).toBe(40);
    }
    const before = { from: START - 600_000, to: START };
    const lines = usageBy(await readUsage(ports, before), 'lane');
    expect(lines).toEqual([]);
    expect(usageTable('lane', lines, before)).toMatch(/^Nothing arrived/);
  });

  it('adds up more rows than a call can take as arguments', async () => {
    const key = { lane: LANE, priority: 3, tenant: 'acme', part: '', shard: 0 };
    const row: ReportRow = { key: { ...key, minute: '2026-11-22T19:40Z' }, counters: { accepted: 1 } };
    const many = Array<ReportRow>(200_000).fill(row);
    const rows = { rows: async (lane: string) => (lane === LANE ? many : []) };
    const minute = { from: START, to: START + 60_000 };
    const [line] = usageBy(await readUsage({ ...(await hour()), rows }, minute), 'lane');
    expect(line?.accepted).toBe(200_000);
  });

  it('says how many answers its costs leave out, and whose tokens it counts', async () => {
    const lines = usageBy(await readUsage(await hour(), RANGE), 'lane');
    expect(usageTable('lane', lines, RANGE)).toMatch(/throttled +quota tokens +cost/);
    expect(usageTable('lane', lines, RANGE)).not.toContain('leave out');
    const unpriced = lines.map((line) => ({ ...line, unpriced: 1 }));
    expect(usageTable('lane', unpriced, RANGE)).toContain('Costs leave out 1 answer: ');
  });

  it('is CSV that a spreadsheet reads, and runs nothing of it', async () => {
    const lines = usageBy(await readUsage(await hour(), RANGE), 'tenant');
    const [head, first] = usageCsv('tenant', lines).split('\r\n');
    expect(head?.split(',').slice(0, 3)).toEqual(['tenant', 'accepted', 'completed']);
    expect(first?.split(',').slice(0, 3)).toEqual(['acme', '20', '20']);
    expect(csv([['a,b', 'say "x"', '=1+1', -1]])).toBe(`"a,b","say ""x""",'=1+1,-1`);
  });
});

describe('the case for more quota', () => {
  it('gives steady state, peak and averages as AWS asks for them', async () => {
    const { rows } = await hour();
    const lane = { lane: LANE, model_id: MODEL, limits: { tokens_per_minute: 1_000 } };
    const found = quotaCaseOf(lane, await readRows(rows, LANE, RANGE.from, RANGE.to), RANGE);
    expect(found).toMatchObject({
      minutes_with_demand: 11,
      requests: 40,
      requests_per_minute: { p50: 1, p90: 1 },
      tokens_per_minute: { p50: 350, p90: 350 },
      average_input_tokens: 100,
      average_output_tokens: 50,
      large_input_share: 0,
      throttled_calls: 40,
    });
    const text = quotaCaseText(found ?? expect.fail());
    expect(text).toContain('Steady state (p50): 1 requests and 350 tokens a minute');
    expect(quotaCaseCsv(found ?? expect.fail()).split('\r\n')).toHaveLength(2);
  });

  it('has no tokens to show where nothing has been answered', async () => {
    const rows = createReportRows();
    const [accepted] = lifeOf('r', { accepted_at: START });
    const read = () => accepted ?? expect.fail();
    await reportBatch(rows, [{ sequenceNumber: '1', read }], () => undefined);
    const lane = { lane: LANE, model_id: MODEL, limits: { tokens_per_minute: 0 } };
    const found = quotaCaseOf(lane, rows.all(), RANGE) ?? expect.fail();
    const text = quotaCaseText(found);
    expect(text).toMatch(/^Peak \(p90\): 1 requests and \(not known: nothing has been answered\) tokens/m);
    expect(text).toMatch(/^Average input tokens per request: \(not known/m);
    expect(quotaCaseCsv(found).split('\r\n')[0]).toContain('average_input_tokens');
    expect(quotaCaseCsv(found)).not.toMatch(/undefined|NaN/);
  });

  it('says of a quota of zero that a variable may have set it, which is nothing for AWS', () => {
    expect(zeroQuotaText({ limits: { requests_per_minute: 0, tokens_per_minute: 1_000 } })).toBe(
      'The quota is zero, in the variable quota_overrides or at AWS.\nLook at quota_overrides first, then ask AWS for a quota.',
    );
    expect(zeroQuotaText({ limits: { tokens_per_minute: 1_000 } })).toBeUndefined();
  });

  it('is none where nothing arrived', () => {
    expect(quotaCaseOf({ lane: LANE, model_id: MODEL, limits: {} }, [], RANGE)).toBeUndefined();
  });

  it('counts inputs of more than 25,000 tokens, cached ones included', async () => {
    const rows = createReportRows();
    const ended = lifeOf('r', { accepted_at: START })[2];
    const usage = { input_tokens: 20_000, output_tokens: 1, cache_read_tokens: 5_001 };
    const read = () => ({ ...(ended ?? expect.fail()), usage });
    await reportBatch(rows, [{ sequenceNumber: '1', read }], () => undefined);
    expect(rows.all()[0]?.counters.large_inputs).toBe(1);
  });
});

describe('the overview', () => {
  const clock = { now: () => RANGE.to };

  it('shows the last hour minute by minute, tenants and waits', async () => {
    const [lane] = await viewOverview(await hour(), clock);
    const { minutes = [], tenants = [] } = lane ?? {};
    expect(minutes).toHaveLength(60);
    expect(minutes.map(({ demand }) => demand.requests).filter((count) => count > 0)).toEqual([
      ...Array(10).fill(1),
      30,
    ]);
    expect(minutes.reduce((sum, { used }) => sum + used.tokens, 0)).toBe(40 * 350);
    expect(tenants.map(({ name }) => name)).toEqual(['acme', 'globex']);
    expect(overviewText(lane ? [lane] : [], RANGE.to)).toMatch(/backlog {3}nothing waits/);
    expect(overviewText(lane ? [lane] : [], RANGE.to)).toMatch(/failed {2}promise kept {2}wait p50/);
  });

  it('shows a longer range in fewer points, whose costs add up to the same', async () => {
    const ports = await hour();
    const days = { from: START - 24 * 3_600_000, to: RANGE.to };
    const [whole] = await viewOverview(ports, clock, days);
    const [short] = await viewOverview(ports, clock);
    const costOf = (lane: typeof whole) => lane?.minutes.reduce((sum, { cost_usd }) => sum + cost_usd, 0);
    expect(whole?.minutes.length).toBeLessThanOrEqual(180);
    expect(whole?.minutes[0]?.minute).toBe('2026-11-21T19:40Z');
    expect(costOf(whole)).toBeCloseTo(costOf(short) ?? Number.NaN, 9);
    // Fifteen minutes of the point in which all of them arrived.
    expect(Math.max(...(whole?.minutes ?? []).map(({ demand }) => demand.requests))).toBeCloseTo(40 / 15, 9);
  });

  it('shows what requests are expected to be charged, while none has been answered', async () => {
    const { rows, ...ports } = await hour();
    const key = { lane: LANE, priority: 3, tenant: 'acme', part: '', shard: 0 };
    const arrived = (minute: string) =>
      minute === '2026-11-22T20:00Z' ? [{ key: { ...key, minute }, counters: { accepted: 6 } }] : [];
    const overview = () =>
      viewOverview({ ...ports, rows: { rows: async (_, minute) => arrived(minute) } }, clock);
    const demandOf = async () =>
      (await overview())[0]?.minutes.find(({ demand }) => demand.requests > 0)?.demand;
    expect(await demandOf()).toEqual({ requests: 6, tokens: 6 * firstAnswerCharge(LANE) });
    const waiting = waitingIn(LANE, { input_tokens: 1_000, max_tokens: 10 });
    await ports.records.create(waiting);
    await ports.directory.announce(waiting.queue, 1);
    const [lane] = await overview();
    expect(lane?.backlog).toMatchObject({ requests: 1 });
    expect(lane?.backlog.tokens).toBeGreaterThan(1_000);
    expect(await demandOf()).toEqual({ requests: 6, tokens: 6 * (lane?.backlog.tokens ?? 0) });
  });

  it('is level to its end where requests come evenly, also where its last point has fewer minutes', async () => {
    const ports = await hour();
    const counters = { accepted: 6, completed: 6, charged_tokens: 600 };
    const key = { lane: LANE, priority: 3, tenant: 'acme', part: '', shard: 0 };
    const rows = { rows: async (_: string, minute: string) => [{ key: { ...key, minute }, counters }] };
    const range = { from: START, to: START + 181 * 60_000 };
    const [{ minutes } = { minutes: [] }] = await viewOverview({ ...ports, rows }, clock, range);
    expect(minutes).toHaveLength(37);
    for (const { demand, used } of minutes) {
      expect([demand.requests, used.requests, used.tokens]).toEqual([6, 6, 600]);
    }
  });

  it('reads a minute that is over again after some minutes or when told to, and a recent one each time', async () => {
    const { rows } = await hour();
    const reads: string[] = [];
    const counting = {
      rows: (lane: string, minute: string) => {
        reads.push(minute);
        return rows.rows(lane, minute);
      },
    };
    const time = { now: clock.now() };
    const remembered = rememberedRows(counting, { now: () => time.now });
    for (const minute of ['2026-11-22T19:50Z', '2026-11-22T20:38Z']) {
      for (let i = 0; i < 3; i++) await remembered.rows(LANE, minute);
    }
    expect(reads).toHaveLength(4);
    const [old = ''] = reads;
    remembered.forget();
    for (const passedMs of [0, 240_000, 120_000]) {
      time.now += passedMs;
      await remembered.rows(LANE, old);
    }
    expect(reads.slice(4)).toEqual([old, old]);
  });
});
