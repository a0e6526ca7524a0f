import { describe, expect, it } from 'vitest';
import { findingsText } from '../../../src/cli/report/findings-text.ts';
import { diagnose, isHealthy } from '../../../src/core/operations/doctor.ts';
import type { FunctionState, Inspection } from '../../../src/core/operations/inspection.ts';
import type { LaneView } from '../../../src/core/operations/lanes.ts';

const NOW = 1_800_000_000_000;
const there = { answer: true } as const;
const empty = { answer: { waiting: 0, inFlight: 0 } };
const active = (source?: FunctionState['source']) => ({
  answer: { state: 'Active', lastUpdate: 'Successful', source },
});
const receiving = (maximumConcurrency?: number) => ({ enabled: true, state: 'Enabled', maximumConcurrency });

const LANE: LaneView = {
  lane: 'amazon.nova-lite:geo',
  model_id: 'us.amazon.nova-lite-v1:0',
  state: 'working',
  health: 'good',
  limits: { requests_per_minute: 480 },
  assumed: [],
  says: 'Nothing keeps work waiting.',
  unled: false,
};

const GIVEN = { authorized: true, agreement: 'AVAILABLE', entitled: true, inRegion: true };
const access = (fields: Partial<typeof GIVEN>, lanes = [LANE.lane]): Partial<Inspection> => ({
  access: {
    answer: [{ model: 'amazon.nova-lite-v1:0', lanes, access: { answer: { ...GIVEN, ...fields } } }],
  },
});

const HEALTHY: Inspection = {
  at: NOW,
  node: 'v20.19.5',
  credentials: { answer: { accessKeyId: 'AKIA' } },
  region: { answer: 'eu-west-1' },
  stackRegion: 'eu-west-1',
  tables: { requests: there, lanes: there, reporting: there, batches: there },
  queues: { input: empty, hold: empty, batches: empty, results: empty },
  deadLetters: { input: empty, hold: empty, batches: empty, reporting: empty },
  bucket: there,
  functions: {
    ingestion: active(receiving(10)),
    prioritization: active(),
    invocation: active(receiving(30)),
    reporting: active(receiving()),
    batch: active(receiving(5)),
  },
  concurrency: { answer: { limit: 1_000, unreserved: 1_000 } },
  subscriptions: { answer: [{ endpoint: 'team@example.com', confirmed: true }] },
  lanes: { answer: [LANE] },
  alarms: { answer: [] },
  code: { answer: { others: [] } },
  access: { answer: [{ model: 'amazon.nova-lite-v1:0', lanes: [LANE.lane], access: { answer: GIVEN } }] },
  budgets: { answer: [] },
};

const error = (name: string, says: string = name) => ({ error: name, says });
const lane = (fields: Partial<LaneView>): Partial<Inspection> => ({
  lanes: { answer: [{ ...LANE, ...fields }] },
});
const unreserved = (count: number): Partial<Inspection> => ({
  concurrency: { answer: { limit: 50, unreserved: count } },
});

describe('the doctor', () => {
  it('warns of budgets that are used up, and of those that no price can count', () => {
    const budget = { tenant: 'acme', day: '2026-11-26', part: 1, at_limit: 'wait' as const, lacking: [] };
    const usd = { limit: 5, spent: 1, held: 0 };
    const findings = diagnose({
      ...HEALTHY,
      lanes: { answer: [LANE, { ...LANE, lane: 'mistral.mistral-large:on-demand' }] },
      budgets: {
        answer: [
          { ...budget, state: 'used up' },
          { ...budget, tenant: 'trial', state: 'within', usd },
          { ...budget, tenant: 'calm', state: 'within' },
          { ...budget, tenant: 'stopped', state: 'used up', tokens: { limit: 0, spent: 0, held: 0 } },
        ],
      },
    });
    const about = findings.filter(({ check }) => check.startsWith('budget of'));
    expect(about).toMatchObject([
      { check: 'budget of acme', severity: 'warning', says: 'It is used up: requests wait until 00:00 UTC.' },
      {
        check: 'budget of trial',
        severity: 'warning',
        says: expect.stringContaining('its requests there fail: mistral.mistral-large:on-demand'),
      },
      { check: 'budget of calm', severity: 'ok' },
      { check: 'budget of stopped', says: 'It is zero: requests wait for as long as it is.' },
    ]);
    expect(isHealthy(findings)).toBe(true);
  });

  it('finds nothing in a healthy stack', () => {
    const findings = diagnose(HEALTHY);
    expect(findings.filter(({ severity }) => severity !== 'ok')).toEqual([]);
    expect(findingsText(findings)).toBe(
      `0 faults, 0 warnings, ${findings.length} checks are well, 0 could not be made.`,
    );
  });

  it.each<[string, Partial<Inspection>, RegExp]>([
    ['old Node.js', { node: 'v18.20.0' }, /Node.js: .*\n.*Install Node.js 20.19/],
    ['no credentials', { credentials: error('CredentialsProviderError') }, /credentials.*\n.*aws sso login/],
    ['no Region', { region: error('Error', 'Region is missing') }, /Region.*\n.*AWS_REGION/],
    [
      'another Region',
      { region: { answer: 'us-east-1' } },
      /stack is in eu-west-1.*\n.*AWS_REGION=eu-west-1/,
    ],
    [
      'a table that is not there',
      { tables: { ...HEALTHY.tables, lanes: error('ResourceNotFoundException') } },
      /table lanes.*\n.*Apply the stack/,
    ],
    [
      'a queue that is not there',
      { queues: { ...HEALTHY.queues, input: error('QueueDoesNotExist') } },
      /queue input.*\n.*Apply the stack/,
    ],
    ['no bucket', { bucket: error('NotFound') }, /calls bucket.*\n.*Apply the stack/],
    [
      'a function that failed to deploy',
      {
        functions: {
          ...HEALTHY.functions,
          invocation: { answer: { state: 'Failed', lastUpdate: 'Failed' } },
        },
      },
      /function invocation: Its state is Failed.*\n.*apply the stack again/,
    ],
    [
      'a disabled event source',
      {
        functions: {
          ...HEALTHY.functions,
          ingestion: active({ enabled: false, state: 'Disabled' }),
        },
      },
      /function ingestion: .*Disabled.*\n.*Enable the trigger/,
    ],
    [
      'dead letters',
      { deadLetters: { ...HEALTHY.deadLetters, input: { answer: { waiting: 2, inFlight: 1 } } } },
      /dead letters input: There are 3.*\n.*dead-letters list --queue input/,
    ],
    [
      'an unconfirmed subscription',
      { subscriptions: { answer: [{ endpoint: 'team@example.com', confirmed: false }] } },
      /alarm e-mails: team@example.com has not confirmed.*\n.*Click the link/,
    ],
    [
      'no subscription',
      { subscriptions: { answer: [] } },
      /alarm e-mails: Nobody.*\n.*Apply the stack again/,
    ],
    [
      'an alarm that is raised',
      {
        alarms: {
          answer: [
            {
              name: 'smoother-lanes-paused',
              description: 'A lane is paused. First command: smoother lanes',
            },
          ],
        },
      },
      /alarm smoother-lanes-paused: A lane is paused\. .*\n.*Begin with: smoother lanes/,
    ],
    [
      'a model whose terms nobody has accepted',
      access({ agreement: 'NOT_AVAILABLE' }),
      /access to amazon.nova-lite-v1:0: Its agreement is not available.*\n.*accept its terms/,
    ],
    ['a model without access', access({ entitled: false }), /no access to it.*\n.*Request access/],
    ['a model that is denied', access({ authorized: false }), /not authorized.*\n.*service control policy/],
    [
      'a model that the Region does not offer',
      access({ inRegion: false }, ['amazon.nova-lite:on-demand']),
      /Region does not offer it.*\n.*inference profile/,
    ],
    [
      'a lane without access',
      lane({ health: 'bad', state: 'stopped', says: 'Bedrock denies access.', remedy: 'Give access' }),
      /lane amazon.*denies access.*\n.*Give access/,
    ],
    [
      'a paused lane',
      lane({ health: 'attention', state: 'paused', says: 'Paused by ada.', remedy: 'smoother resume' }),
      /Paused by ada.*\n.*smoother resume/,
    ],
  ])('names the remedy for %s', (_, broken, expected) => {
    const findings = diagnose({ ...HEALTHY, ...broken });
    expect(isHealthy(findings)).toBe(false);
    expect(findings.filter(({ severity }) => severity === 'fault')).toHaveLength(1);
    expect(findingsText(findings)).toMatch(expected);
  });

  it.each<[string, Partial<Inspection>, RegExp]>([
    [
      'too little concurrency',
      unreserved(40),
      /concurrency: .*50 functions at a time.*may need 48.* is 30\.\n.*lower max_concurrent_executions to 24$/m,
    ],
    [
      'too little concurrency in a new account',
      unreserved(10),
      /concurrency: .*\n.*lower max_concurrent_executions to 3$/m,
    ],
    [
      'too little concurrency beside ingestions that have a limit of their own',
      { ...unreserved(40), functions: { ...HEALTHY.functions, ingestion: active(receiving(20)) } },
      /concurrency: .*may need 58.*\n.*lower max_concurrent_executions to 13$/m,
    ],
    [
      'too little concurrency for fewer workers',
      unreserved(8),
      /concurrency: .*8 of them unreserved.*\n.*Ask AWS for more [^,]*\(Service Quotas, Lambda\)$/m,
    ],
    [
      'assumed limits',
      lane({ assumed: ['tokens_per_minute'] }),
      /tokens_per_minute assumed.*\n.*quota_overrides/,
    ],
    [
      'other code than the checkout has',
      { code: { answer: { others: ['invocation'] } } },
      /deployed code: .*invocation.*\n.*Apply the stack/,
    ],
    [
      'results that nobody receives',
      { queues: { ...HEALTHY.queues, results: { answer: { waiting: 20_000, inFlight: 0 } } } },
      /20000 results wait.*\n.*consumer/,
    ],
  ])('warns of %s, which is no fault', (_, found, expected) => {
    const findings = diagnose({ ...HEALTHY, ...found });
    expect(isHealthy(findings)).toBe(true);
    expect(findingsText(findings)).toMatch(expected);
  });

  it('asks nothing of the account for workers that it could not look at', () => {
    const functions = { ...HEALTHY.functions, invocation: error('ResourceNotFoundException') };
    const findings = diagnose({ ...HEALTHY, ...unreserved(2), functions });
    expect(findings).toContainEqual({
      ...{ check: 'concurrency', severity: 'ok' },
      says: 'The account may run 50 functions at a time, 2 of them unreserved',
    });
  });

  it.each([
    ['AccessDeniedException', /operator_read_policy_json/],
    ['NotOffered', /local cloud cannot be asked/],
  ])('says what it could not look at (%s)', (name, expected) => {
    const findings = diagnose({ ...HEALTHY, concurrency: error(name) });
    expect(isHealthy(findings)).toBe(true);
    expect(findingsText(findings)).toMatch(expected);
  });

  it('needs no model in the Region itself for an inference profile', () => {
    expect(isHealthy(diagnose({ ...HEALTHY, ...access({ inRegion: false }) }))).toBe(true);
  });

  it('says by name what it could not look at around the stack', () => {
    const findings = diagnose({
      ...HEALTHY,
      alarms: error('NotOffered'),
      code: error('NoCheckout', 'Only a checkout can be compared.'),
      access: { answer: [{ model: 'imported', lanes: [], access: error('ValidationException') }] },
    });
    const unknown = findings.filter(({ severity }) => severity === 'unknown').map(({ check }) => check);
    expect(unknown).toEqual(['deployed code', 'alarms', 'access to imported']);
  });
});
