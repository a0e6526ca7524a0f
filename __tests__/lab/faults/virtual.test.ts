import { describe, expect, it } from 'vitest';
import { CLOCK_SKEW_MS } from '../../../src/core/request/times.ts';
import { disturb } from '../../../src/lab/faults/disturbance.ts';
import { type FaultScenario, faultsOf } from '../../../src/lab/faults/faults.ts';
import { isHarmless } from '../../../src/lab/faults/figures.ts';
import { meetFault } from '../../../src/lab/faults/virtual.ts';
import { InjectedFaultError } from '../../../src/lab/simulation/errors.ts';
import { createMemoryCloud, type MemoryPorts } from '../../../src/memory/cloud.ts';

const MINUTE_MS = 60_000;
const SMALL = { durationMs: MINUTE_MS, perMinute: 60 };

const named = (name: string): FaultScenario => {
  const fault = faultsOf(CLOCK_SKEW_MS).find((it) => it.name === name);
  if (fault === undefined) throw new Error(`No fault ${name}`);
  return { ...fault, ...SMALL };
};

const withoutLeases = (ports: MemoryPorts): MemoryPorts => ({
  ...ports,
  leases: { ...ports.leases, expired: async () => [] },
});

/** What cannot be read is left to its lease: nobody knows then that its worker lived on. */
const withoutSettingAside = (ports: MemoryPorts): MemoryPorts => {
  const move: MemoryPorts['records']['move'] = async (transition) => {
    const { status, backlog_key } = transition.set;
    if (status === 'RECEIVED' && backlog_key === undefined) throw new InjectedFaultError('left to its lease');
    return ports.records.move(transition);
  };
  return { ...ports, records: { ...ports.records, move } };
};

const withUnlikeResults = (ports: MemoryPorts): MemoryPorts => {
  let sent = 0;
  const send: MemoryPorts['results']['send'] = (result) => {
    const unlike = { ...result, sent: sent++ };
    return ports.results.send(unlike);
  };
  return { ...ports, results: { send } };
};

const withCostlyProbes = (ports: MemoryPorts): MemoryPorts => {
  const send: MemoryPorts['hold']['send'] = (messages) =>
    ports.hold.send(
      messages.map((message) => ({
        ...message,
        releases: message.releases.map(({ probe: _, ...release }) => release),
      })),
    );
  return { ...ports, hold: { ...ports.hold, send } };
};

describe('faults from outside', () => {
  it('of DynamoDB reach leases, offers and budgets too', async () => {
    const clock = { now: () => 0, sleep: async () => undefined };
    const ports = disturb(
      createMemoryCloud().ports,
      { services: ['DynamoDB'], errors: 1 },
      { clock, random: () => 0, during: { from: 0, to: 1 }, onDisturbed: () => undefined },
    );
    const calls = [ports.leases.all('lane'), ports.offers.list(1), ports.budgets.list('2026-11-22')];
    for (const call of await Promise.allSettled(calls)) expect(call.status).toBe('rejected');
    await ports.hold.send([]);
  });

  it.each([
    'DynamoDB: partition',
    'SQS: answers lost, 5% of calls',
    'clocks 5 s apart',
    'messages twice, out of order',
    'stream again, reordered',
  ])('%s: nothing is lost', async (name) => {
    const figures = await meetFault(named(name), 1);
    expect(figures).toMatchObject({ lost: 0, violations: [] });
    expect(figures.struck).toBeGreaterThan(0);
    expect(figures.requests).toBeGreaterThan(100);
    expect(isHarmless(figures)).toBe(true);
  });

  it('S3: partition: costs no request its attempts, unlike workers who leave it to the lease', async () => {
    const partition = { ...named('S3: partition'), durationMs: 6 * MINUTE_MS, perMinute: 12 };
    expect(await meetFault(partition, 1)).toMatchObject({ failed: 0, lost: 0, violations: [] });
    const left = await meetFault(partition, 1, withoutSettingAside);
    expect(left.failed).toBeGreaterThan(0);
  });

  it('Bedrock out for an hour: fails no request, unlike probes that cost their requests an attempt', async () => {
    const hour = { ...named('Bedrock out for an hour'), perMinute: 12 };
    const quiet = { ...hour, perMinute: 2, durationMs: 10 * MINUTE_MS };
    expect(await meetFault(hour, 1)).toMatchObject({ failed: 0, lost: 0, violations: [] });
    expect(await meetFault(quiet, 1)).toMatchObject({ failed: 0, lost: 0, violations: [] });
    const costly = await meetFault(quiet, 1, withCostlyProbes);
    expect(costly.failed).toBeGreaterThan(0);
  });

  it('loses what nobody brings back when leases are not looked at', async () => {
    const figures = await meetFault(named('DynamoDB: partition'), 1, withoutLeases);
    expect(figures.lost).toBeGreaterThan(0);
    expect(isHarmless(figures)).toBe(false);
  });

  it('sees results that differ when a result says when it was sent', async () => {
    const figures = await meetFault(named('SQS: answers lost, 5% of calls'), 1, withUnlikeResults);
    expect(figures.violations).not.toEqual([]);
    expect(isHarmless(figures)).toBe(false);
  });
});
