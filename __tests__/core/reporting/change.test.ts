import { describe, expect, it } from 'vitest';
import { type Change, changesOf } from '../../../src/core/reporting/change.ts';
import { costOf } from '../../../src/core/reporting/prices.ts';
import { summarise } from '../../../src/core/reporting/read.ts';
import { bucketOf } from '../../../src/core/reporting/sketch.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { MODEL, recordOf } from '../../fixtures/invocation-world.ts';
import { lifeOf } from '../../fixtures/lives.ts';

const AT = Date.parse('2026-11-22T19:40:30Z');

/** Of an image that counts once at most. */
function changeOf(record: RequestRecord): Change | undefined {
  const [change, ...others] = changesOf(record);
  expect(others).toEqual([]);
  return change;
}

it('an acceptance counts in the minute it was accepted, an outcome in the minute it ended', () => {
  const [accepted, queued, ended, sent] = lifeOf('r1', { accepted_at: AT }, 60_000).map(changeOf);
  expect(accepted?.key).toMatchObject({ minute: '2026-11-22T19:40Z', priority: 2, tenant: 'acme' });
  expect(accepted?.counters).toEqual({ accepted: 1 });
  expect(ended?.key.minute).toBe('2026-11-22T19:41Z');
  expect(ended?.counters).toEqual({
    completed: 1,
    calls: 2,
    throttles: 1,
    reserved_tokens: 300,
    charged_tokens: 350,
    input_tokens: 100,
    output_tokens: 50,
    cost_nano_usd: 385_000,
    [`wait_${bucketOf(60_000)}`]: 1,
    [`latency_${bucketOf(1_900)}`]: 1,
  });
  expect([queued, sent]).toEqual([undefined, undefined]);
});

describe('the promise of a start', () => {
  const promisesOf = (fields: Partial<RequestRecord>) => {
    const ended = lifeOf('r1', { accepted_at: AT }, 60_000)[2] as RequestRecord;
    const { promises, promises_kept } = changeOf({ ...ended, ...fields })?.counters ?? {};
    return [promises, promises_kept];
  };

  it.each<[string, Partial<RequestRecord>, unknown[]]>([
    ['kept', { promised_start_at: AT + 60_000 }, [1, 1]],
    ['broken', { promised_start_at: AT + 59_999 }, [1, undefined]],
    ['not made', {}, [undefined, undefined]],
    [
      'broken by a deadline',
      { promised_start_at: AT, status: 'EXPIRED', started_at: undefined, finished_at: AT + 1 },
      [1, undefined],
    ],
    [
      'overtaken by a deadline',
      { promised_start_at: AT + 2, status: 'EXPIRED', started_at: undefined, finished_at: AT + 1 },
      [undefined, undefined],
    ],
    ['unknown after a failure', { promised_start_at: AT, failures: 1 }, [undefined, undefined]],
  ])('is %s', (_, fields, counted) => {
    expect(promisesOf(fields)).toEqual(counted);
  });
});

it('a request that went back is not accepted a second time', () => {
  expect(changeOf(recordOf('r1', { generation: 1 }))).toBeUndefined();
});

it('a change is known by request, generation and status, whenever it is delivered', () => {
  const idOf = (fields: object) => changeOf(recordOf('r1', fields))?.id;
  const failed = { status: 'FAILED', finished_at: AT } as const;
  expect(idOf(failed)).toBe(idOf({ ...failed, nonce: 'another' }));
  const ids = [
    idOf({}),
    idOf(failed),
    idOf({ ...failed, generation: 1 }),
    idOf({ ...failed, status: 'EXPIRED' }),
  ];
  expect(new Set(ids).size).toBe(4);
});

describe('max tokens left to the smoother', () => {
  const countersOf = (fields: Partial<RequestRecord>) =>
    changeOf({ ...(lifeOf('r1')[2] as RequestRecord), most_max_tokens: 64_000, ...fields })?.counters ?? {};

  it('win back what they did not reserve of the full allowance', () => {
    expect(countersOf({ granted_max_tokens: 200 }).unreserved_tokens).toBe(63_800);
  });

  it.each<[string, Partial<RequestRecord>]>([
    ['the producer set them', { max_tokens: 200 }],
    ['all was allowed', { granted_max_tokens: 64_000, full_allowance: true }],
    ['nobody knows the model', { lane: 'somebody.unheard-of:on-demand' }],
    ['the request failed', { status: 'FAILED' }],
    ['an older release knew no full allowance', { most_max_tokens: undefined }],
  ])('win back nothing where %s', (_, fields) => {
    expect(countersOf(fields).unreserved_tokens).toBeUndefined();
  });

  it('cost what an answer that was thrown away cost, in tokens and money', () => {
    const usage = { input_tokens: 100, output_tokens: 200 };
    const { cost_nano_usd = 0, ...before } = countersOf({});
    const counters = countersOf({ rerun: { charged_tokens: 1_100, usage } });
    expect(counters).toMatchObject({ ...before, rerun_tokens: 1_100 });
    expect(counters.cost_nano_usd).toBe(cost_nano_usd + (costOf(MODEL, usage) ?? Number.NaN));
  });

  it('are summed up as what was won back, less reruns', () => {
    const key = { lane: 'l', minute: '2026-11-22T19:41Z', priority: 1, tenant: 't', part: '', shard: 0 };
    const rows: Record<string, number>[] = [
      { unreserved_tokens: 9_000 },
      { unreserved_tokens: 500, rerun_tokens: 2_000 },
    ];
    const summary = summarise(
      rows.map((counters) => ({ key, counters })),
      ({ minute }) => minute,
    );
    expect(summary.get(key.minute)?.won_back_tokens).toBe(7_500);
  });
});

it('a model without a price is said to have none', () => {
  const ended = lifeOf('r1', { lane: 'nobody.knows:on-demand' }).map(changeOf)[2];
  expect(ended?.counters).toMatchObject({ unpriced: 1 });
  expect(ended?.counters.cost_nano_usd).toBeUndefined();
});

it('an answer that does not say what it used has no price, and a request without an answer costs nothing', () => {
  const unpricedOf = (fields: Partial<RequestRecord>) =>
    changeOf({ ...(lifeOf('r1')[2] as RequestRecord), usage: undefined, ...fields })?.counters.unpriced;
  expect(unpricedOf({})).toBe(1);
  expect(unpricedOf({ rerun: { charged_tokens: 10 } })).toBe(2);
  expect(unpricedOf({ status: 'FAILED' })).toBeUndefined();
});

it('prices: geo premium, cached tokens, and tokens that cost less than a millionth', () => {
  const usage = { input_tokens: 1_000_000, output_tokens: 0 };
  expect(costOf('global.anthropic.claude-sonnet-4-6', usage)).toBe(3e9);
  expect(costOf('us.anthropic.claude-sonnet-4-6', usage)).toBe(3.3e9);
  expect(costOf('us.amazon.nova-lite-v1:0', usage)).toBe(0.06e9);
  expect(costOf('amazon.nova-micro-v1:0', { input_tokens: 1, output_tokens: 0 })).toBe(35);
  const cached = {
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 1_000_000,
    cache_write_tokens: 1_000_000,
  };
  expect(costOf('global.anthropic.claude-sonnet-4-6', cached)).toBe(0.3e9 + 3.75e9);
});

it.each(['constructor', '__proto__', 'toString.model'])('a model named %s has no price', (modelId) => {
  expect(costOf(modelId, { input_tokens: 1, output_tokens: 1 })).toBeUndefined();
});
