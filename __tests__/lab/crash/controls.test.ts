/** Each mechanism that loses nothing is taken out: the enumeration, which finds nothing otherwise (enumeration.test.ts), must find what breaks. */
import { describe, expect, it } from 'vitest';
import type { ReportRows } from '../../../src/core/reporting/ports.ts';
import type { Records } from '../../../src/core/request/ports.ts';
import { isOutcome, type RequestRecord } from '../../../src/core/request/record.ts';
import { resultOf } from '../../../src/core/request/result.ts';
import type { FunctionName, Sabotage } from '../../../src/lab/crash/functions.ts';
import { PARTS } from '../../../src/lab/crash/suite.ts';
import type { MemoryPorts } from '../../../src/memory/cloud.ts';
import { requestIn } from '../../fixtures/records.ts';

async function brokenBy(sabotage: Sabotage, part: string): Promise<string> {
  const found = PARTS.find(({ name }) => name === part);
  if (found === undefined) throw new Error(`No part ${part}`);
  const { broken } = await found.run({ extent: 'all', sabotage, untilBroken: true });
  return broken.flatMap(({ invariants }) => invariants).join('\n');
}

/** Replaces ports of one function. */
function replaced(
  functionName: FunctionName,
  replace: (ports: MemoryPorts & { rows: ReportRows }) => object,
): Sabotage {
  return {
    ports: (name, ports) =>
      name === functionName
        ? { ...ports, ...replace(ports as unknown as MemoryPorts & { rows: ReportRows }) }
        : ports,
  };
}

/** Writes whatever stands there. */
function unconditional(records: Records): Records {
  return {
    ...records,
    move: async (transition) => {
      const { status, generation } = (await records.read(transition.request_id)) as RequestRecord;
      return records.move({ ...transition, from: { status, generation } });
    },
  };
}

describe('without', () => {
  it('the condition on status and generation, a duplicate delivery calls Bedrock again', async () => {
    const broken = await brokenBy({ records: unconditional }, 'invocation/a bundle delivered twice at once');
    expect(broken).toMatch(/r1 was called \d times/);
  });

  it('the condition, a late commit replaces an outcome', async () => {
    const broken = await brokenBy(
      { records: unconditional },
      'invocation/commit (large) against an expired lease',
    );
    expect(broken).toMatch(/a result that was not committed/);
  });

  it('the condition, a late worker takes a request away from the next one', async () => {
    const part = 'invocation/a late delivery against an expired lease';
    expect(await brokenBy({ records: unconditional }, part)).toMatch(/r1 was called \d times/);
  });

  it('the commit before the result, a result says what was not committed', async () => {
    const hasty = replaced('invocation', ({ records, results }) => ({
      results: { send: async () => undefined },
      records: {
        ...records,
        move: async (transition: Parameters<Records['move']>[0]) => {
          const standing = await records.read(transition.request_id);
          if (standing && isOutcome(transition.set.status ?? 'RECEIVED') && !isOutcome(standing.status)) {
            await results.send(resultOf({ ...standing, ...transition.set } as RequestRecord));
          }
          return records.move(transition);
        },
      },
    }));
    expect(await brokenBy(hasty, 'invocation/large output')).toMatch(/a result that was not committed/);
  });

  it('the acknowledgement after the write, a message is lost', async () => {
    const broken = await brokenBy({ ingestionAcknowledgesFirst: true }, 'ingestion/valid');
    expect(broken).toMatch(/r1 has no result/);
  });

  it('leases, a lost release never comes back', async () => {
    const blind = replaced('prioritization', ({ leases }) => ({
      leases: { ...leases, expired: async () => [] },
    }));
    expect(await brokenBy(blind, 'invocation/small output')).toMatch(/r1 is still leased/);
  });

  it('announcements while somebody leads, a request waits for good', async () => {
    const quiet = replaced('ingestion', ({ directory, watch }) => ({
      directory: {
        ...directory,
        announce: async (queue: string, now: number) => {
          const status = await watch.status(queue.split('|')[0] ?? '');
          if (!status?.lease_until) await directory.announce(queue, now);
        },
      },
    }));
    const part = 'ingestion/a leader goes to sleep while a request arrives in a known lane';
    expect(await brokenBy(quiet, part)).toMatch(/r1 has no outcome/);
  });

  it('the plan that a successor goes on from, the quota is exceeded', async () => {
    const forgetful = replaced('prioritization', ({ leadership }) => ({
      leadership: {
        ...leadership,
        acquire: async (...args: Parameters<typeof leadership.acquire>) => {
          const led = await leadership.acquire(...args);
          return led && { ...led, plan: undefined };
        },
      },
    }));
    expect(await brokenBy(forgetful, 'prioritization/full quota')).toMatch(/Bedrock throttled/);
  });

  it('the list of counted changes, reports count twice', async () => {
    const twice = replaced('reporting', ({ rows }) => ({
      rows: {
        ...rows,
        add: (key: Parameters<ReportRows['add']>[0], addition: Parameters<ReportRows['add']>[1]) =>
          rows.add(key, { ...addition, changes: [] }),
      },
    }));
    expect(await brokenBy(twice, 'reporting/stream batch')).toMatch(/reports differ/);
  });

  it('the announcement of a request that returns, its queue is forgotten while the index lags', async () => {
    const silent = replaced('invocation', () => ({ directory: { announce: async () => undefined } }));
    const part = 'prioritization/a request returns while its queue is forgotten';
    expect(await brokenBy(silent, part)).toMatch(/r1 has no outcome/);
  });

  it('the message that it goes on by, a batch has no end', async () => {
    const silent = replaced('batch', () => ({ queue: { send: async () => undefined } }));
    expect(await brokenBy(silent, 'batch/a file is taken in')).toMatch(/the batch has no end: WAITING/);
  });

  it('an announcement before its return, a request that was set aside is found by nobody', async () => {
    const hasty = replaced('prioritization', ({ directory, records }) => {
      const waits = async () => requestIn(await records.read('r1')).backlog_key !== undefined;
      return {
        directory: {
          ...directory,
          // As by a leader that stays until its queue is over.
          list: async (lane: string) => {
            const queues = await directory.list(lane);
            if (await waits()) return queues;
            await Promise.all(queues.map((it) => directory.forget(it)));
            return [];
          },
          announce: async (queue: string, now: number) => {
            if (await waits()) await directory.announce(queue, now);
          },
        },
      };
    });
    expect(await brokenBy(hasty, 'prioritization/request set aside')).toMatch(/r1 has no outcome/);
  });
});
