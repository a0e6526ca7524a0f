import fc from 'fast-check';
import { expect } from 'vitest';
import { ModelError } from '../../src/core/invocation/errors.ts';
import type { Records } from '../../src/core/request/ports.ts';
import type { RequestRecord } from '../../src/core/request/record.ts';
import { leaseMs } from '../../src/core/request/times.ts';
import { defaultSettings } from '../../src/lab/bench/bench.ts';
import type { InjectionRates } from '../../src/lab/simulation/fault-injector.ts';
import { idOfPayload } from '../../src/lab/simulation/requests.ts';
import { arrivalsOf, CHAT, TARGETS } from '../../src/lab/simulation/workload.ts';
import { BEGIN_MS, World } from '../../src/lab/simulation/world.ts';
import type { MemoryPorts } from '../../src/memory/cloud.ts';
import { MAX_ATTEMPTS } from '../fixtures/records.ts';
import { invariant } from './invariant.ts';
import { seed } from './scenario.ts';
import { accept, type Coming, type Doctored, doctoredWorld, schedule } from './world.ts';

const MINUTE_MS = 60_000;
const MODEL = 'us.amazon.nova-lite-v1:0';
const BUNDLE_MS = 30_000;
/** Deadlines are looked at each second. */
const PROMPT_MS = 2_500;
/** A few leases, and redeliveries of the Input queue, one after the other. */
const LONGEST_RECOVERY_MS = 90 * MINUTE_MS;

interface Storm {
  seed: number;
  perMinute: number;
  faultRate: number;
  injectedFaults: InjectionRates;
}

/** Calls to AWS fail or their answers are lost, workers and leaders die, messages come twice, Bedrock has faults. */
const storm: fc.Arbitrary<Storm> = fc.record({
  seed,
  perMinute: fc.integer({ min: 20, max: 80 }),
  faultRate: fc.constantFrom(0, 0.1),
  injectedFaults: fc.record({
    failedCalls: fc.constantFrom(0, 0.005, 0.02),
    deaths: fc.constantFrom(0, 0.05, 0.2),
    duplicates: fc.constantFrom(0, 0.1, 0.5),
  }),
});

async function weather(
  { seed, perMinute, faultRate, injectedFaults }: Storm,
  surround = (ports: MemoryPorts) => ports,
): Promise<World> {
  const settings = defaultSettings('sliding-window', seed);
  const { prioritization } = settings;
  const stream = {
    modelId: MODEL,
    tenant: 'acme',
    sizes: CHAT,
    perMinute: perMinute / 2,
    fromMs: 0,
    toMs: MINUTE_MS,
  };
  const world = new World(
    {
      ...{ name: 'storm', about: '', targets: TARGETS, durationMs: Number.POSITIVE_INFINITY, faultRate },
      lanes: [{ modelId: MODEL, limits: { requestsPerMinute: 1_000, tokensPerMinute: 1_000_000 } }],
      latency: { firstTokenMs: 400, perTokenMs: 5 },
      arrivals: arrivalsOf(
        [
          { ...stream, priority: 1 },
          { ...stream, priority: 4 },
        ],
        seed,
      ),
    },
    {
      ...{
        ...settings,
        injectedFaults,
        surround,
        bundleMs: BUNDLE_MS,
        keptMs: 2 * LONGEST_RECOVERY_MS,
      },
      prioritization: {
        ...prioritization,
        engine: { ...prioritization.engine, leaseMs: leaseMs(BUNDLE_MS) },
      },
    },
  );
  world.begin();
  const end = BEGIN_MS + LONGEST_RECOVERY_MS;
  for (
    let now = BEGIN_MS + MINUTE_MS;
    now < end && (now <= BEGIN_MS + MINUTE_MS || world.unfinished > 0);
    now += MINUTE_MS
  ) {
    await world.clock.run(now);
  }
  // Late copies of messages and results.
  await world.clock.run(world.clock.now() + 4 * MINUTE_MS);
  return world;
}

/** Writes whatever stands there. */
function unconditional({ records }: MemoryPorts): Records {
  return {
    ...records,
    move: async (transition) => {
      const standing = await records.read(transition.request_id);
      const { status, generation } = standing ?? transition.from;
      return records.move({ ...transition, from: { status, generation } });
    },
  };
}

invariant<Storm, (ports: MemoryPorts) => MemoryPorts>(
  'an accepted request ends once, with one result, and is not called any more',
  {
    generated: storm,
    runs: 4,
    holds: async (it, without) => {
      const { tally, unfinished } = await weather(it, without);
      expect(tally.accepted).toBeGreaterThan(0);
      expect(unfinished).toBe(0);
      // Two results that differ, two calls at once, a call after the result.
      expect(tally.violations).toEqual([]);
      expect(tally.sent - tally.duplicates).toBe(tally.accepted);
      const { injectedFaults } = tally;
      if (injectedFaults.failedCalls + injectedFaults.deaths === 0) expect(tally.duplicates).toBe(0);
    },
    without: {
      'the conditions of its record': (ports) => ({ ...ports, records: unconditional(ports) }),
      leases: (ports) => ({ ...ports, leases: { ...ports.leases, expired: async () => [] } }),
    },
  },
);

type Refusal = 'throttled' | 'transient';

/** What befalls each request's calls before one is answered. */
const refusals = fc.array(fc.array(fc.constantFrom<Refusal>('throttled', 'transient'), { maxLength: 5 }), {
  minLength: 1,
  maxLength: 6,
});

invariant<Refusal[][], Doctored>(
  'a request fails with its third fault, by no number of throttles, and keeps its place',
  {
    generated: refusals,
    runs: 4,
    holds: async (fates, without) => {
      const calls = new Map<string, number>();
      const limits = { requests_per_minute: 6_000, tokens_per_minute: 10_000_000 };
      const answer = async ({ payload }: { payload: Parameters<typeof idOfPayload>[0] }) => {
        const id = idOfPayload(payload);
        const number = calls.get(id) ?? 0;
        calls.set(id, number + 1);
        const kind = fates[Number(id)]?.[number];
        if (kind !== undefined) throw new ModelError({ kind, type: kind, message: '' });
        return { body: '{}', stopReason: 'end_turn', usage: { input_tokens: 100, output_tokens: 100 } };
      };
      const world = doctoredWorld({ limits, answer }, without);
      const { records } = world.ports;
      const returned: RequestRecord[] = [];
      world.ports.records = {
        ...records,
        move: async (transition) => {
          const moved = await records.move(transition);
          if (moved.applied && moved.record.status === 'RECEIVED') returned.push(moved.record);
          return moved;
        },
      };
      // Others fare well, so that the lane goes on: what a probe meets is no fault of its request.
      const others = Array.from({ length: 200 }, (_, n): Coming => ({ at: n * 200, tenant: 'others' }));
      accept(world, [...fates.map(() => ({ at: 10_000 })), ...others]);
      schedule(world, 0, 6);
      await world.clock.run(world.clock.now() + 7 * MINUTE_MS);
      for (const { backlog_order, arrival } of returned) expect(backlog_order).toBe(arrival);
      fates.forEach((fate, id) => {
        const faults = fate.flatMap((kind, index) => (kind === 'transient' ? [index] : []));
        const last = faults[MAX_ATTEMPTS - 1];
        const result = world.cloud.sent.find(({ request_id }) => request_id === String(id));
        expect([result?.status, calls.get(String(id))]).toEqual(
          last === undefined ? ['COMPLETED', fate.length + 1] : ['FAILED', last + 1],
        );
      });
    },
    without: {
      'the count of faults': ({ records }) => ({ records: returning(records, () => ({ failures: 0 })) }),
      'throttles that cost nothing': ({ records }) => ({
        records: returning(records, ({ throttles = 0, failures = 0 }) => ({
          failures: throttles + failures,
          throttles: 0,
        })),
      }),
      'the old place': ({ records }, { clock }) => ({
        records: returning(records, () => ({ backlog_order: clock.now() })),
      }),
    },
  },
);

/** Changes what is written of a request that returns to the backlog. */
function returning(
  records: Records,
  change: (set: { throttles?: number; failures?: number }) => object,
): Records {
  return {
    ...records,
    move: (transition) =>
      records.move(
        transition.set.status === 'RECEIVED'
          ? { ...transition, set: { ...transition.set, ...change(transition.set) } }
          : transition,
      ),
  };
}

interface Hurry {
  coming: Coming[];
  firstMinute: number;
}

/** Far more than the quota lets through in time. */
const hurry: fc.Arbitrary<Hurry> = fc.record({
  coming: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: MINUTE_MS }),
      maxWaitMs: fc.integer({ min: 1_000, max: 2 * MINUTE_MS }),
    }),
    { minLength: 60, maxLength: 120 },
  ),
  firstMinute: fc.integer({ min: 0, max: 5_000 }),
});

invariant<Hurry, Doctored>('a deadline is kept within seconds, however deep in the backlog', {
  generated: hurry,
  runs: 3,
  holds: async ({ coming, firstMinute }, without) => {
    const world = doctoredWorld(
      { limits: { requests_per_minute: 20, tokens_per_minute: 1_000_000 } },
      without,
    );
    const begin = world.clock.now();
    world.ports.waker.wake = async (lanes) => world.clock.spawn(() => world.prioritize({ lanes }));
    accept(world, coming);
    schedule(world, firstMinute, 5);
    await world.clock.run(begin + 6 * MINUTE_MS);
    expect(world.cloud.sent).toHaveLength(coming.length);
    for (const { request_id, status, timings, attempts } of world.cloud.sent) {
      const { at, maxWaitMs = 0 } = coming[Number(request_id)] as Coming;
      const deadline = begin + at + maxWaitMs;
      if (status === 'EXPIRED') {
        expect(attempts).toBe(0);
        expect(timings.finished).toBeGreaterThanOrEqual(deadline);
        expect(timings.finished).toBeLessThan(deadline + PROMPT_MS);
      } else {
        expect(status).toBe('COMPLETED');
        expect(timings.released).toBeLessThan(deadline);
      }
    }
    expect(world.cloud.sent.some(({ status }) => status === 'EXPIRED')).toBe(true);
  },
  without: { 'the index of what is due': () => ({ due: { due: async () => [] } }) },
});
