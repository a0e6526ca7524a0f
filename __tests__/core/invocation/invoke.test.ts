import { beforeEach, describe, expect, it } from 'vitest';
import { BundleError, type ModelErrorDetails } from '../../../src/core/invocation/errors.ts';
import { INLINE_OUTPUT_BYTES } from '../../../src/core/invocation/outcome.ts';
import { MAX_DENIALS } from '../../../src/core/invocation/retry-policy.ts';
import { runWorker } from '../../../src/core/invocation/worker.ts';
import { slotReportOf } from '../../../src/core/lane/call-counters.ts';
import { MAX_PROBED_RELEASES } from '../../../src/core/request/attempts.ts';
import type { HoldMessage } from '../../../src/core/request/hold-message.ts';
import { dueKey, outputKey } from '../../../src/core/request/keys.ts';
import type { Payloads } from '../../../src/core/request/ports.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { COMMIT_MARGIN_MS, callMs, START_WINDOW_MS } from '../../../src/core/request/times.ts';
import { claim, putBack } from '../../../src/core/request/transitions.ts';
import {
  ACCEPTED_AT,
  ANSWER,
  LANE,
  LEASE_UNTIL,
  MODEL,
  RELEASED_AT,
  World,
} from '../../fixtures/invocation-world.ts';
import { GRANT, MAX_ATTEMPTS } from '../../fixtures/records.ts';

let world: World;
beforeEach(() => {
  world = new World();
});

const throttle = { kind: 'throttled', type: 'ThrottlingException', message: 'Too many tokens' } as const;
const fault = { kind: 'transient', type: 'InternalServerException', message: 'Try again' } as const;
const denial = { kind: 'denied', type: 'AccessDeniedException', message: 'No access' } as const;

describe('an answer', () => {
  it('is committed, sent once and reported, and its lease ends', async () => {
    await runWorker(world.ports, await world.release());

    const startedAt = RELEASED_AT + 300;
    expect(world.cloud.sent).toEqual([
      expect.objectContaining({
        request_id: 'r1',
        status: 'COMPLETED',
        output: { body: JSON.parse(ANSWER.body) },
        stop_reason: 'end_turn',
        usage: ANSWER.usage,
        attempts: 1,
        timings: expect.objectContaining({
          started: startedAt,
          finished: startedAt + 1_000,
          wait_ms: startedAt - ACCEPTED_AT,
          latency_ms: 800,
        }),
      }),
    ]);
    const record = await world.record();
    expect(record).toMatchObject({ status: 'COMPLETED', charged_tokens: 90 + 7 + 40 * 5 });
    expect(record.due_key).toBeUndefined();
    expect(record.expires_at).toBeGreaterThan(world.now / 1_000);
    expect(world.cloud.leases()).toEqual([]);
    expect(await world.counters()).toMatchObject({
      ended: 1,
      settled: 1,
      started: 1,
      // Sent 300 ms after the release; Bedrock worked for 800 of the 1,000 ms, so it counted the call 500 ms after.
      start_delay_ms: 500,
      duration_ms: 800,
      reserved: 300,
      charged: 297,
      estimated_input: 100,
      input: 102,
      output: 40,
      bundles_ended: 1,
    });
  });

  it('counts from when Bedrock had the call, which a busy worker may send seconds later, but not ten', async () => {
    const delayAfter = async (travelMs: number) => {
      world = new World();
      const { call } = world.ports.model;
      world.ports.model = {
        call: async (it) => {
          world.now += travelMs;
          return call(it);
        },
      };
      await runWorker(world.ports, await world.release());
      return (await world.counters()).start_delay_ms;
    };
    expect(await delayAfter(6_000)).toBe(6_500);
    expect(await delayAfter(60_000)).toBe(10_300);
  });

  it('is asked for with the max tokens and the time that the release allows', async () => {
    await runWorker(world.ports, await world.release());
    const [call] = world.calls;
    expect(call?.timeoutMs).toBe(world.remaining - COMMIT_MARGIN_MS);
    expect(JSON.parse(call?.body ?? '')).toMatchObject({
      inferenceConfig: { temperature: 0.5, maxTokens: 200 },
      messages: [{ role: 'user' }],
    });
  });

  it('with a whole number beyond 2^53 goes to the bucket as it came', async () => {
    const body = '{"2024":1.0,"2023":{"order":9007199254740993}}';
    world.script = [{ ...ANSWER, body }];
    await runWorker(world.ports, await world.release());
    const key = outputKey('r1', 1);
    expect(world.cloud.sent[0]?.output).toEqual({ bucket: 'calls', key });
    expect(Buffer.from(await world.cloud.ports.payloads.get(key)).toString()).toBe(body);
  });

  it('that is large goes to the bucket under a key of its generation', async () => {
    world.script = [{ ...ANSWER, body: JSON.stringify({ text: 'x'.repeat(INLINE_OUTPUT_BYTES) }) }];
    await runWorker(world.ports, await world.release());
    const key = outputKey('r1', 1);
    expect(world.cloud.sent[0]?.output).toEqual({ bucket: 'calls', key });
    const stored = JSON.parse(Buffer.from(await world.cloud.ports.payloads.get(key)).toString());
    expect(stored.text).toHaveLength(INLINE_OUTPUT_BYTES);
  });

  it('without usage is charged what was reserved', async () => {
    world.script = [{ body: '{"text":"hi"}' }];
    await runWorker(world.ports, await world.release());
    expect(await world.record()).toMatchObject({ status: 'COMPLETED', charged_tokens: 300 });
  });

  it('that was cut is delivered when its deadline leaves no time for another', async () => {
    world.script = [{ ...ANSWER, stopReason: 'max_tokens' }];
    const startedAt = RELEASED_AT + 300;
    const release = await world.release(['r1'], { has_deadline: true, deadline_at: startedAt + 500 });
    await runWorker(world.ports, release);
    const { granted_max_tokens } = GRANT;
    expect(world.cloud.sent).toEqual([
      expect.objectContaining({
        status: 'COMPLETED',
        output: { body: JSON.parse(ANSWER.body) },
        truncated_at: granted_max_tokens,
      }),
    ]);
  });

  it('that nobody may commit any more is not sent', async () => {
    const message = await world.release();
    const { call } = world.ports.model;
    world.ports.model = {
      call: async (it) => {
        await world.cloud.ports.records.move(putBack(await world.record()));
        return call(it);
      },
    };
    await runWorker(world.ports, message);
    expect(world.cloud.sent).toEqual([]);
    expect(await world.record()).toMatchObject({ status: 'RECEIVED' });
    expect(await world.counters()).toMatchObject({ settled: 1, charged: 297 });
  });
});

describe('a throttle', () => {
  it('of a call that ran alone because it seemed too large is final, and says nothing of the lane’s share', async () => {
    world.script = [throttle, { ...throttle, message: 'Too many requests' }];
    for (const id of ['r1', 'r2']) {
      await runWorker(world.ports, await world.release([id], {}, { ...GRANT, exceeds_quota: true }));
    }
    expect(await world.record('r1')).toMatchObject({ status: 'FAILED', error: { type: 'ExceedsQuota' } });
    // A quota of requests is another matter.
    expect(await world.record('r2')).toMatchObject({ status: 'RECEIVED', throttles: 1 });
    expect(await world.record('r2')).not.toHaveProperty('exceeds_quota');
    expect(await world.counters()).toMatchObject({ invalid: 1, throttled: 1, charged: 0 });
  });

  it('costs no failure, and the request keeps its old place', async () => {
    world.script = [throttle];
    await runWorker(world.ports, await world.release(['r1'], { failures: MAX_ATTEMPTS - 1, attempts: 2 }));
    const record = await world.record();
    expect(record).toMatchObject({
      status: 'RECEIVED',
      backlog_order: ACCEPTED_AT,
      backlog_key: record.queue,
      attempts: 3,
      failures: MAX_ATTEMPTS - 1,
      throttles: 1,
    });
    expect(record.due_key).toBeUndefined();
    expect(world.cloud.sent).toEqual([]);
    expect(await world.counters()).toMatchObject({ throttled: 1, charged: 0 });
    expect(await world.cloud.ports.directory.list(LANE)).toMatchObject([{ backlog_key: record.queue }]);
  });

  it('by the day is told apart', async () => {
    world.script = [{ ...throttle, kind: 'throttled_daily' }];
    await runWorker(world.ports, await world.release());
    const counters = await world.counters();
    expect(counters.throttled_daily).toBe(1);
    expect(counters.throttled).toBeUndefined();
  });
});

describe('a call without an answer', () => {
  it('goes back after a fault until its failures run out', async () => {
    world.script = [fault];
    await runWorker(world.ports, await world.release(['r1']));
    expect(await world.record()).toMatchObject({ status: 'RECEIVED', failures: 1 });
    await runWorker(world.ports, await world.release(['r2'], { failures: MAX_ATTEMPTS - 1, attempts: 2 }));
    expect(world.cloud.sent).toEqual([
      expect.objectContaining({
        request_id: 'r2',
        status: 'FAILED',
        attempts: 3,
        error: { type: fault.type, message: fault.message },
      }),
    ]);
    expect(await world.counters()).toMatchObject({ transient: 2, charged: 600 });
  });

  it('counts its input of the quota when Bedrock itself ended it, and all of its reservation otherwise', async () => {
    const chargedAfter = async (error: ModelErrorDetails) => {
      const of = new World();
      of.script = [error];
      await runWorker(of.ports, await of.release(['r1']));
      const { input_tokens, reserved_tokens } = (await of.record()) as RequestRecord;
      return { charged: (await of.counters()).charged, input: input_tokens, reserved: reserved_tokens };
    };
    const answered = await chargedAfter({ ...fault, isAnswer: true });
    expect(answered.charged).toBe(answered.input);
    const cutOff = await chargedAfter({ ...fault, type: 'NetworkError' });
    expect(cutOff.charged).toBeGreaterThan(cutOff.input);
    const failed = await chargedAfter({
      kind: 'faulted',
      type: 'ModelErrorException',
      message: 'no',
      isAnswer: true,
    });
    expect(failed.charged).toBe(cutOff.charged);
  });

  it('costs a request nothing that a stopped lane probed with, unless it has been all too often', async () => {
    world.script = [fault];
    const probing = (message: HoldMessage) => ({
      ...message,
      releases: message.releases.map((release) => ({ ...release, probe: true as const })),
    });
    const last = { attempts: 2, failures: MAX_ATTEMPTS - 1 };
    await runWorker(world.ports, probing(await world.release(['r1'], last)));
    expect(await world.record('r1')).toMatchObject({ status: 'RECEIVED', ...last });
    expect(await world.counters()).toMatchObject({ transient: 1 });
    const often = { ...last, generation: MAX_PROBED_RELEASES - 1 };
    await runWorker(world.ports, probing(await world.release(['r2'], often)));
    expect(await world.record('r2')).toMatchObject({ status: 'FAILED', attempts: 3 });
  });

  it('is tried again when Bedrock says, within five minutes; a throttled one keeps its place', async () => {
    const told = [
      { ...fault, retryAfterMs: 7_000 },
      { ...fault, retryAfterMs: 3_600_000 },
      { ...fault, retryAfterMs: 0 },
      { ...throttle, retryAfterMs: 7_000 },
    ];
    const until: (number | undefined)[] = [];
    for (const [nth, error] of told.entries()) {
      world.script = [error];
      await runWorker(world.ports, await world.release([`r${nth}`]));
      const { status, backlog_key, due_at } = await world.record(`r${nth}`);
      expect([status, backlog_key === undefined]).toEqual(['RECEIVED', nth < 2]);
      until.push(nth < 2 ? (due_at ?? 0) - world.now : undefined);
    }
    expect(until).toEqual([7_000, 300_000, undefined, undefined]);
    expect(await world.record('r0')).toMatchObject({ attempts: 1, failures: 1 });
    expect(await world.counters()).toMatchObject({ transient: 3, throttled: 1 });
  });

  it('fails at once when it can never work', async () => {
    world.script = [{ kind: 'invalid', type: 'ValidationException', message: 'No such tool' }];
    await runWorker(world.ports, await world.release());
    expect(world.cloud.sent[0]).toMatchObject({
      status: 'FAILED',
      attempts: 1,
      error: { type: 'ValidationException', message: 'No such tool' },
    });
    expect(await world.counters()).toMatchObject({ invalid: 1, charged: 0 });
  });

  it('rests when denied, longer each time, and ends when denied again and again', async () => {
    world.script = [denial];
    const counts = { failures: 1, throttles: 1 };
    for (const [denials, restMs] of [10_000, 20_000].entries()) {
      const id = `r${denials}`;
      await runWorker(world.ports, await world.release([id], { ...counts, attempts: 2 + denials, denials }));
      const record = await world.record(id);
      expect(record).toMatchObject({
        status: 'RECEIVED',
        ...counts,
        attempts: 3 + denials,
        denials: denials + 1,
      });
      expect(record).toMatchObject({ due_at: world.now + restMs });
      expect(record.backlog_key).toBeUndefined();
    }
    await runWorker(world.ports, await world.release(['last'], { attempts: 2, denials: MAX_DENIALS - 1 }));
    expect(await world.record('last')).toMatchObject({ status: 'FAILED', error: { type: denial.type } });
    expect(await world.counters()).toMatchObject({ denied: 3, [`denied.${MODEL}`]: 3 });
  });

  it('denied by a release that did not count denials has been denied as often as its attempts leave', async () => {
    world.script = [denial];
    const earlier = { attempts: 4, failures: 1, throttles: 1 };
    await runWorker(world.ports, await world.release(['r1'], earlier));
    expect(await world.record()).toMatchObject({ status: 'FAILED', denials: 3 });
    await runWorker(world.ports, await world.release(['r2'], { ...earlier, full_allowance: true }));
    expect(await world.record('r2')).toMatchObject({ status: 'RECEIVED', denials: 2 });
  });

  it('that outlived its worker ends at once, with what would help: again, it would take as long and cost as much', async () => {
    world.script = [{ kind: 'timed_out', type: 'TimeoutError', message: 'No answer within 285 seconds' }];
    await runWorker(world.ports, await world.release(['r1'], { max_tokens: 200 }));
    expect(await world.record()).toMatchObject({
      status: 'FAILED',
      attempts: 1,
      failures: 1,
      error: {
        type: 'AnswerTooLong',
        message:
          'No answer within 285 seconds, which is all the time that a call has. It could have had up to 200 tokens. ' +
          'Ask for fewer tokens, or raise invocation_timeout_seconds',
      },
    });
    const counters = await world.counters();
    expect(counters).toMatchObject({ timed_out: 1, charged: 300 });
    expect(counters.transient).toBeUndefined();
  });

  it('that started late and was given up early is made again, and fails after as many attempts as others', async () => {
    world.script = [{ kind: 'timed_out', type: 'TimeoutError', message: 'No answer within 60 seconds' }];
    world.remaining = COMMIT_MARGIN_MS + 0.8 * callMs(world.ports.bundleMs);
    await runWorker(world.ports, await world.release());
    expect(world.calls).toHaveLength(1);
    expect(await world.record()).toMatchObject({ status: 'RECEIVED', attempts: 1, failures: 1 });
    await runWorker(world.ports, await world.release(['last'], { failures: MAX_ATTEMPTS - 1 }));
    expect(await world.record('last')).toMatchObject({ status: 'FAILED', error: { type: 'TimeoutError' } });
  });

  it('that exceeds another quota of the account is made again a minute later', async () => {
    world.script = [
      { kind: 'faulted', type: 'ServiceQuotaExceededException', message: 'You can resubmit later' },
    ];
    await runWorker(world.ports, await world.release());
    expect(await world.record()).toMatchObject({
      status: 'RECEIVED',
      failures: 1,
      due_at: world.now + 60_000,
    });
    expect(await world.counters()).toMatchObject({ faulted: 1 });
  });

  it('without a payload fails, and nothing is called', async () => {
    const message = await world.release();
    world.cloud.bucket.remove((await world.record()).payload_key);
    await runWorker(world.ports, message);
    expect(world.calls).toEqual([]);
    expect(world.cloud.sent[0]).toMatchObject({
      status: 'FAILED',
      attempts: 0,
      error: { type: 'PayloadMissing' },
    });
    expect(await world.counters()).toMatchObject({ not_started: 1, charged: 0 });
  });

  it('with a payload that its worker cannot hold fails, and says what could', async () => {
    const message = await world.release();
    world.ports.memoryMegabytes = 100;
    await runWorker(world.ports, message);
    expect(world.calls).toEqual([]);
    const [result] = world.cloud.sent;
    expect(result).toMatchObject({ status: 'FAILED', attempts: 0, error: { type: 'PayloadTooLarge' } });
    expect(result?.error?.message).toMatch(
      /needs a worker of 101 MB, and invocation_memory_megabytes is 100$/,
    );
    expect(await world.counters()).toMatchObject({ not_started: 1, charged: 0 });
  });
});

describe('a payload that cannot be read now', () => {
  const failing = (payloads: Payloads): Payloads => ({
    ...payloads,
    get: async () => {
      throw new Error('S3 is down');
    },
  });

  it('sets its request aside, out of the backlog, at the cost of no attempt', async () => {
    const message = await world.release(['r1'], { failures: 2, attempts: 2, generation: 2 });
    world.ports.payloads = failing(world.ports.payloads);
    await expect(runWorker(world.ports, message)).rejects.toThrow('r1 could not be read: Error: S3 is down');
    expect(world.calls).toEqual([]);
    const record = await world.record();
    expect(record).toMatchObject({
      status: 'RECEIVED',
      attempts: 2,
      failures: 2,
      due_at: world.now + 10_000,
    });
    expect(record).not.toHaveProperty('backlog_key');
    expect(await world.counters()).toMatchObject({ not_started: 1, charged: 0, bundles_ended: 1 });
  });

  it('keeps it away for longer each time, at most for five minutes, and never beyond its deadline', async () => {
    const { ports } = world;
    const rests: number[] = [];
    for (const [nth, generation] of [0, 1, 2, 5, 40].entries()) {
      const message = await world.release([`r${nth}`], { generation });
      await expect(runWorker({ ...ports, payloads: failing(ports.payloads) }, message)).rejects.toThrow();
      rests.push(((await world.record(`r${nth}`)).due_at ?? 0) - world.now);
    }
    expect(rests).toEqual([10_000, 20_000, 40_000, 300_000, 300_000]);
    const message = await world.release(['late'], { generation: 9, deadline_at: world.now + 30_000 });
    await expect(runWorker({ ...ports, payloads: failing(ports.payloads) }, message)).rejects.toThrow();
    expect((await world.record('late')).due_at).toBe(world.now + 30_000);
  });

  it('lets nobody claim the same release again', async () => {
    const message = await world.release();
    await expect(
      runWorker({ ...world.ports, payloads: failing(world.ports.payloads) }, message),
    ).rejects.toThrow();
    await runWorker(world.ports, message);
    expect(world.calls).toEqual([]);
    expect(await world.record()).toMatchObject({ status: 'RECEIVED' });
  });
});

describe('a release that comes too late', () => {
  const halfACall = () => callMs(world.ports.bundleMs) / 2;

  it.each([
    ['after its start window', () => (world.now = RELEASED_AT + START_WINDOW_MS + 1)],
    ['when the function has no time left', () => (world.remaining = COMMIT_MARGIN_MS)],
    ['with a tenth of a second for its answer', () => (world.remaining = COMMIT_MARGIN_MS + 100)],
    ['with less than half the time of a call', () => (world.remaining = COMMIT_MARGIN_MS + halfACall() - 1)],
  ])('goes back uncalled %s', async (_, makeLate) => {
    const message = await world.release();
    makeLate();
    await runWorker(world.ports, message);
    expect(world.calls).toEqual([]);
    expect(await world.record()).toMatchObject({
      status: 'RECEIVED',
      attempts: 0,
      backlog_order: ACCEPTED_AT,
    });
    expect(await world.counters()).toMatchObject({ not_started: 1, reserved: 300, bundles_ended: 1 });
  });

  it('goes back even when it became late while its payload was loaded', async () => {
    const message = await world.release();
    const { get } = world.ports.payloads;
    const slowly = async (key: string) => {
      world.now += START_WINDOW_MS;
      return get(key);
    };
    world.ports.payloads = { ...world.ports.payloads, get: slowly };
    await runWorker(world.ports, message);
    expect(world.calls).toEqual([]);
    expect(await world.record()).toMatchObject({ status: 'RECEIVED', attempts: 0 });
  });

  it('and in time at the last moment is called', async () => {
    const message = await world.release();
    world.now = RELEASED_AT + START_WINDOW_MS;
    await runWorker(world.ports, message);
    expect(world.calls).toHaveLength(1);
  });

  it('is left alone when it is nobody’s any more', async () => {
    const message = await world.release();
    await runWorker(world.ports, message);
    world.now = RELEASED_AT + START_WINDOW_MS + 1;
    await runWorker(world.ports, message);
    expect(await world.record()).toMatchObject({ status: 'COMPLETED' });
    expect(await world.counters()).toMatchObject({ ended: 1, bundles_ended: 1 });
  });
});

describe('a bundle', () => {
  it('runs its releases independently and says which failed', async () => {
    const message = await world.release(['r1', 'r2', 'r3']);
    const { send } = world.ports.results;
    world.ports.results = {
      send: async (result) => {
        if (result.request_id === 'r2') throw new Error('queue down');
        await send(result);
      },
    };
    await expect(runWorker(world.ports, message)).rejects.toThrow(BundleError);
    expect(world.cloud.sent.map(({ request_id }) => request_id).sort()).toEqual(['r1', 'r3']);
    // Committed, and leased: a leader will send it, and no other.
    expect(await world.record('r2')).toMatchObject({ status: 'COMPLETED' });
    expect(world.cloud.leases().map(({ releases }) => releases)).toEqual([
      [{ request_id: 'r2', generation: 1 }],
    ]);
  });

  it('that is delivered twice leaves each delivery its own part of the lease', async () => {
    const message = await world.release(['r1', 'r2']);
    const [first, second] = message.releases;
    if (first === undefined || second === undefined) throw new Error('Two were released');
    await world.cloud.ports.records.move(claim(second, message, world.now));
    await runWorker(world.ports, message);
    const { request_id, generation } = second;
    expect(world.cloud.leases()).toMatchObject([{ releases: [{ request_id, generation }] }]);
    expect(await world.counters()).toMatchObject({ ended: 1, settled: 1, bundles_ended: 1 });
  });

  it('of an earlier release of the smoother, which had no lease, leaves its results to the due index', async () => {
    const { lease: _, ...message } = await world.releaseBefore();
    const due = { due_key: dueKey(LANE, 'r1'), due_at: LEASE_UNTIL };
    const from = { status: 'QUEUED', generation: 1 } as const;
    await world.cloud.ports.records.move({ request_id: 'r1', from, set: due, remove: [] });
    world.ports.results = { send: () => Promise.reject(new Error('queue down')) };
    await expect(runWorker(world.ports, message)).rejects.toThrow(BundleError);
    const unsent = await world.record('r1');
    expect(unsent).toMatchObject({ status: 'COMPLETED', due_key: due.due_key });
    expect(unsent).not.toHaveProperty('expires_at');
  });

  it('that runs for long tells whose calls hold its worker, and when it is free', async () => {
    const message = await world.release(['r1', 'r2']);
    const other = await world.release(['r3'], { tenant: 'quick' });
    const { call } = world.ports.model;
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let pass = () => {};
    world.whileAway = new Promise((resolve) => {
      pass = resolve;
    });
    world.ports.model = {
      call: async (it) => {
        if (world.calls.length > 0) await answered;
        return call(it);
      },
    };
    const run = runWorker(world.ports, { ...message, releases: [...other.releases, ...message.releases] });
    await expect.poll(() => world.calls.length).toBe(1);
    await expect.poll(async () => (await world.record('r3')).status).toBe('COMPLETED');
    pass();
    await expect.poll(() => world.counters()).toMatchObject({ bundles_held: 1, 'held.acme': 1_000 });
    expect(await world.counters()).not.toHaveProperty(['freed.acme']);
    const running = async () => slotReportOf({ slot: 0, counters: await world.counters() }).running;
    expect((await running()).map(([, calls]) => calls)).toEqual([2]);
    answer();
    await run;
    expect(await world.counters()).toMatchObject({
      'held.acme': 1_000,
      'freed.acme': 1_000,
      bundles_ended: 1,
    });
    expect(await world.counters()).not.toHaveProperty(['held.quick']);
    expect(await running()).toEqual([]);
  });

  it('that cannot tell whose calls hold its worker still ends', async () => {
    world.whileAway = Promise.resolve();
    const { add } = world.ports.reports;
    world.ports.reports = {
      ...world.ports.reports,
      add: async (lane, slot, counters) => {
        if ('bundles_held' in counters) throw new Error('throttled');
        await add(lane, slot, counters);
      },
    };
    const message = await world.release();
    const { call } = world.ports.model;
    world.ports.model = {
      call: async (it) => {
        await new Promise((resolve) => setImmediate(resolve));
        return call(it);
      },
    };
    await expect(runWorker(world.ports, message)).rejects.toThrow('throttled');
    expect(await world.record()).toMatchObject({ status: 'COMPLETED' });
    expect(await world.counters()).toMatchObject({ ended: 1, bundles_ended: 1 });
  });

  it('an error that is no word of Bedrock’s is not swallowed', async () => {
    world.script = [new TypeError('a bug')];
    await expect(runWorker(world.ports, await world.release())).rejects.toThrow('a bug');
    expect(await world.record()).toMatchObject({ status: 'IN_PROGRESS' });
  });

  it('no log line carries what was asked or answered', async () => {
    await runWorker(world.ports, await world.release());
    const lines = JSON.stringify(world.events);
    expect(world.events.map(({ event }) => event)).toEqual([
      'call.started',
      'request.completed',
      'result.sent',
    ]);
    expect(lines).not.toContain('Hello');
    expect(lines).not.toContain('Hi');
  });
});
