import { describe, expect, it, onTestFinished } from 'vitest';
import { report } from '../../../src/cli/report/report.ts';
import { Outcomes } from '../../../src/lab/run/outcomes.ts';
import { Submissions } from '../../../src/lab/run/submissions.ts';
import type { LaneSummary, RunRecord, Summary } from '../../../src/lab/run/summary.ts';

const wait = (requests: number, p50: number) => ({ requests, p50, p95: p50 * 2, p99: p50 * 2 });

const lane = (fields: Partial<LaneSummary> = {}): LaneSummary => ({
  lane: 'anthropic.claude-haiku-4-5:geo',
  calls: 232,
  throttled: 0,
  backlog_seconds: 54.7,
  served_seconds: 54.7,
  utilisation: { rpm: 0.78, tpm: 0.1 },
  limits: { requests_per_minute: 120, tokens_per_minute: 200_000 },
  bound: [{ by: 'requests_per_minute', seconds: 51 }],
  promises: { made: 280, kept: 273 },
  wait_ms: { 1: wait(20, 16_000), 5: wait(40, 33_000) },
  ...fields,
});

/** The text of a run with these lanes and figures. */
function textOf(lanes: LaneSummary[], fields: Partial<Summary> = {}): string {
  const summary: Summary = {
    ...{
      interrupted: false,
      submitted: 298,
      completed: 288,
      failed: 0,
      rejected: 9,
      expired: 0,
      cancelled: 0,
    },
    ...{
      repeated: 1,
      still_waiting: 0,
      lost: 0,
      duplicate_results: 0,
      wrongly_accepted: 0,
      duration_seconds: 68,
    },
    ...{ bedrock_calls: 288, throttled_calls: 0, utilisation: { rpm: 0.7, tpm: 0.1 }, lanes, wait_ms: {} },
    ...{ aws_calls: {}, permission_denials: [], unreserved_tokens: 0, rerun_tokens: 0 },
    ...{ won_back_tokens_per_minute: 0, estimated_cost_usd_per_million: 14.12 },
    ...fields,
  };
  const record: RunRecord = {
    ...{
      submissions: new Submissions(),
      outcomes: new Outcomes(),
      calls: [],
      denials: [],
      operator: 'operator',
    },
    ...{ bedrock: { calls: 0, throttles: 0, tokens: 0, invalid: 0, lanes: [] } },
    ...{ interrupted: false, startedAt: 0, durationSeconds: 68 },
  };
  return report(summary, record);
}

describe('the report of a run', () => {
  it('shows waits by lane and priority', () => {
    const text = textOf([lane(), lane({ lane: 'amazon.nova-lite:geo', wait_ms: { 3: wait(20, 40) } })]);
    expect(text).toMatch(/haiku-4-5:geo +1 +20 +16 s +32 s/);
    expect(text).toMatch(/nova-lite:geo +3 +20 +40 ms/);
    expect(text).toContain('288 completed, 0 failed, 9 rejected, 0 lost.\nAlso 1 repeated.');
  });

  it('says what a priority is when a more urgent one has waited longer', () => {
    expect(textOf([lane()])).not.toContain('is a share');
    expect(textOf([lane({ wait_ms: { 1: wait(90, 50_000), 5: wait(2, 9_000) } })])).toContain('is a share');
  });

  it.each([
    ['two calls are no share of a quota', { calls: 2 }],
    ['nor is a backlog of which a second came after the first call', { served_seconds: 1 }],
  ])('gives no figure where there is none: %s', (_, fields) => {
    expect(textOf([lane()])).toContain('78.0 % of 120 calls/min');
    expect(textOf([lane(fields)])).not.toMatch(/calls\/min|Quota used/);
  });

  it('explains a share above 100 %', () => {
    expect(textOf([lane()])).not.toContain('even more');
    expect(textOf([lane({ utilisation: { rpm: 1.08, tpm: 0 } })])).toMatch(
      /all of 120 calls\/min[\s\S]*even more, since the idle minute/,
    );
  });

  it('says what bound each lane, and whether promises were kept', () => {
    const text = textOf([
      lane(),
      lane({ lane: 'calm:geo', backlog_seconds: 0, promises: { made: 0, kept: 0 } }),
    ]);
    expect(text).toContain(
      "anthropic.claude-haiku-4-5:geo\n  Bedrock's quota of requests per minute\n  kept requests waiting, for 51 s.\n" +
        '  273 of 280 requests (97.5 %) started by the time promised to them.',
    );
    expect(text).not.toContain('calm:geo\n');
  });

  it('extrapolates no cost from twenty messages', () => {
    expect(textOf([lane()])).toContain(
      'about $14.12 at AWS for what the functions\nask of tables, queues and buckets. The functions themselves, logs and Bedrock\ncome on top.',
    );
    expect(textOf([lane()], { submitted: 20 })).not.toContain('$');
  });

  it('says of an interrupted run how many were still waiting, and calls none lost', () => {
    const text = textOf([lane()], { interrupted: true, still_waiting: 18 });
    expect(text).toContain('Interrupted: 18 were still waiting.');
    expect(text).not.toMatch(/lost|✔|✘/);
  });

  it('fits a terminal of 80 columns', () => {
    const name = 'application-inference-profile.a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6:on-demand';
    const { columns } = process.stdout;
    process.stdout.columns = 80;
    onTestFinished(() => {
      process.stdout.columns = columns;
    });
    const text = textOf([lane({ lane: name, calls: 1e6, utilisation: { rpm: 1.2, tpm: 0 } })], {
      ...{ expired: 4, cancelled: 2, duplicate_results: 3, unreserved_tokens: 1.4e6, rerun_tokens: 12_000 },
    });
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});
