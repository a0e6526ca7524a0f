import { describe, expect, it } from 'vitest';
import type { HoldMessage } from '../../../src/core/request/hold-message.ts';
import { createWorld, LANE, schedule, startsLeadersWhenWoken } from '../../fixtures/prioritization-world.ts';
import { requestIn } from '../../fixtures/records.ts';

describe('an operator', () => {
  it('pauses and resumes a lane within a tick', async () => {
    const world = createWorld({ limits: { requests_per_minute: 60, tokens_per_minute: 1_000_000 } });
    for (let i = 0; i < 100; i++) await world.submit(`r${i}`);
    schedule(world, 3);
    const begun = world.clock.now();
    await world.clock.run(begun + 40_000);
    await world.ports.control.setPause(LANE, { by: 'an operator' });
    await world.clock.run(begun + 41_000);
    const paused = world.calls.length;
    expect(paused).toBeGreaterThan(0);
    await world.clock.run(begun + 90_000);
    expect(world.calls.length).toBe(paused);
    expect(await world.ports.watch.status(LANE)).toMatchObject({
      figures: { paused: 'operator', unfinished: 0 },
    });
    await world.ports.control.setPause(LANE, undefined);
    await world.clock.run(begun + 91_500);
    expect(world.calls.length).toBeGreaterThan(paused);
    await world.clock.run(begun + 160_000);
    expect(world.cloud.sent).toHaveLength(100);
  });
});

describe('an answer that our choice of max tokens cut', () => {
  /** Every answer wants so many tokens. */
  const wanting =
    (tokens: number): NonNullable<Parameters<typeof createWorld>[0]>['answer'] =>
    async ({ body }, { clock }) => {
      await clock.sleep(1_000);
      const { maxTokens } = JSON.parse(body).inferenceConfig;
      const cut = maxTokens < tokens;
      return {
        body: JSON.stringify({ cut, maxTokens }),
        stopReason: cut ? 'max_tokens' : 'end_turn',
        usage: { input_tokens: 100, output_tokens: Math.min(tokens, maxTokens) },
      };
    };
  const answer = wanting(5_000);

  it('runs again with more, and only that is committed', async () => {
    const world = createWorld({ answer });
    // Its leader may have left while the first call ran.
    startsLeadersWhenWoken(world);
    await world.submit('unset', { max_tokens: undefined });
    await world.submit('set', { max_tokens: 100 });
    schedule(world, 1);
    await world.clock.run(world.clock.now() + 50_000);
    const results = Object.fromEntries(world.cloud.sent.map((it) => [it.request_id, it]));
    expect(results.unset).toMatchObject({ output: { body: { cut: false } }, attempts: 2 });
    // The producer's own choice is the producer's.
    expect(results.set).toMatchObject({
      output: { body: { cut: true } },
      stop_reason: 'max_tokens',
      attempts: 1,
    });
    expect(results.set).not.toHaveProperty('truncated_at', expect.anything());
    await world.clock.run(world.clock.now() + 100_000);
    // What the cut answer cost is what the choice of max tokens has cost: 100 + 4,096 tokens, thrown away.
    const wonBack = (world.emitted as { TokensWonBack?: number }[]).reduce(
      (sum, { TokensWonBack = 0 }) => sum + TokensWonBack,
      0,
    );
    expect(wonBack).toBe(-4_196);
    expect(await world.ports.records.read('unset')).toMatchObject({ rerun: { charged_tokens: 4_196 } });
  });

  it('and cut again runs with all that the quota allows, delivered however it ends', async () => {
    for (const tokens of [8_500, 20_000]) {
      const world = createWorld({ answer: wanting(tokens), limits: { tokens_per_minute: 10_000 } });
      startsLeadersWhenWoken(world);
      await world.submit('long', { max_tokens: undefined });
      schedule(world, 5);
      await world.clock.run(world.clock.now() + 280_000);
      // A fifth of the minute at first, then four times as much.
      const cost = { input_tokens: 200, output_tokens: 2_000 + 8_000 };
      expect(world.cloud.sent).toMatchObject([
        { attempts: 3, output: { body: { cut: tokens > 10_000, maxTokens: 9_900 } } },
      ]);
      expect(await world.ports.records.read('long')).toMatchObject({
        rerun: { charged_tokens: 10_200, usage: cost },
      });
      await world.clock.run(world.clock.now() + 100_000);
    }
  });

  it.each([true, false])(
    'is delivered when it cannot run again in time (by a deadline of its own: %s)',
    async (own) => {
      const world = createWorld({ answer });
      startsLeadersWhenWoken(world);
      const deadline_at = world.clock.now() + 60_000;
      await world.submit('late', { max_tokens: undefined, has_deadline: own, deadline_at });
      schedule(world, 3);
      while (world.calls.length === 0) await world.clock.run(world.clock.now() + 100);
      await world.ports.control.setPause(LANE, { by: 'an operator' });
      const calledAt = world.clock.now();
      await world.clock.run(deadline_at + 100_000);
      expect(world.cloud.sent).toMatchObject([
        {
          ...{ status: 'COMPLETED', attempts: 1, output: { body: { cut: true } }, stop_reason: 'max_tokens' },
          ...{ truncated_at: 4_096, usage: { output_tokens: 4_096 } },
        },
      ]);
      expect(world.cloud.sent[0]?.error).toBeUndefined();
      expect(world.cloud.sent[0]?.timings.started).toBeLessThanOrEqual(calledAt);
      const record = requestIn(await world.ports.records.read('late'));
      expect(record).toMatchObject({ charged_tokens: 4_196, result_sent: true });
      // It was not thrown away.
      expect(record.rerun).toBeUndefined();
      expect(record.cut).toBeUndefined();
    },
  );

  it('is delivered, and says so, where the producer accepts that', async () => {
    const world = createWorld({ answer });
    await world.submit('accepts', { max_tokens: undefined, accept_truncated: true });
    schedule(world, 1);
    await world.clock.run(world.clock.now() + 50_000);
    expect(world.cloud.sent).toMatchObject([
      {
        request_id: 'accepts',
        status: 'COMPLETED',
        output: { body: { cut: true } },
        stop_reason: 'max_tokens',
        truncated_at: 4_096,
        attempts: 1,
      },
    ]);
    await world.clock.run(world.clock.now() + 100_000);
  });
});

describe('a release', () => {
  it('whose lease cannot be written waits on, and the others go', async () => {
    const world = createWorld();
    const { write } = world.cloud.ports.leases;
    let writes = 0;
    world.cloud.ports.leases.write = async (lease) => {
      writes += 1;
      if (writes === 1) throw new Error('throttled');
      await write(lease);
    };
    for (let i = 0; i < 10; i++) await world.submit(`r${i}`);
    schedule(world, 1);
    await world.clock.run(world.clock.now() + 5_000);
    expect(world.cloud.sent).toHaveLength(10);
    expect(world.calls).toHaveLength(10);
    expect(world.logged.filter(({ event }) => event === 'tick.failed')).toHaveLength(1);
    expect(await world.ports.watch.status(LANE)).toMatchObject({ figures: { unfinished: 0, bundles: 0 } });
    await world.clock.run(world.clock.now() + 100_000);
  });

  it('that waits for its worker is not made again by the next leader', async () => {
    const world = createWorld();
    const bundles: HoldMessage[] = [];
    const { send } = world.cloud.ports.hold;
    world.cloud.ports.hold.send = async (messages) => void bundles.push(...messages);
    for (let i = 0; i < 5; i++) await world.submit(`r${i}`);
    schedule(world, 1);
    await world.clock.run(world.clock.now() + 10_000);
    // Another takes over.
    schedule(world, 1);
    await world.clock.run(world.clock.now() + 15_000);
    const released = bundles.flatMap(({ releases }) => releases.map(({ request_id }) => request_id));
    expect(released.toSorted()).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
    const leaders = world.logged.filter(({ event }) => event === 'lane.taken');
    expect(leaders.length).toBeGreaterThan(1);
    // Its message is late, or lost: it is made once more, and the first one has no effect any more.
    await world.clock.run(world.clock.now() + 8_000);
    schedule(world, 1);
    await world.clock.run(world.clock.now() + 5_000);
    expect(bundles.flatMap(({ releases }) => releases)).toHaveLength(10);
    world.cloud.ports.hold.send = send;
    await send(bundles);
    await world.clock.run(world.clock.now() + 20_000);
    expect(world.cloud.sent).toHaveLength(5);
    expect(world.calls).toHaveLength(5);
    const { figures } = (await world.ports.watch.status(LANE)) ?? {};
    expect(figures).toMatchObject({ unfinished: 0, bundles: 0 });
    await world.clock.run(world.clock.now() + 100_000);
  });
});

describe('workers', () => {
  it('never get more bundles than they can run', async () => {
    const world = createWorld({ settings: { workers: 3 } });
    for (let i = 0; i < 150; i++) await world.submit(`r${i}`);
    schedule(world, 3);
    await world.clock.run(world.clock.now() + 170_000);
    expect(world.cloud.sent).toHaveLength(150);
    expect(world.mostRunning).toBeLessThanOrEqual(3);
    expect(world.mostRunning).toBeGreaterThan(1);
    await world.clock.run(world.clock.now() + 200_000);
  });
});

describe('metrics', () => {
  it('tell the heartbeat, also without lanes, and how each lane does', async () => {
    const world = createWorld({ limits: { requests_per_minute: 30, tokens_per_minute: 1_000_000 } });
    await world.clock.complete(world.prioritize());
    expect(world.emitted).toMatchObject([{ Heartbeat: 1 }]);
    for (let i = 0; i < 40; i++) await world.submit(`r${i}`);
    schedule(world, 1);
    await world.clock.run(world.clock.now() + 59_000);
    const lines = world.emitted.filter((line) => 'Lane' in line) as Record<string, number>[];
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.at(-1)).toMatchObject({ Lane: LANE, Throttled: 0, LanesPaused: 0 });
    expect(lines.at(-1)?.QuotaUtilisation).toBeGreaterThan(80);
    expect(lines.at(-1)).toMatchObject({ Bound: 'requests_per_minute' });
    expect(lines.at(-1)?.WaitingTokens).toBeGreaterThan(0);
    expect(lines.at(-1)?.OldestWaitingSeconds).toBeGreaterThan(30);
    await world.clock.run(world.clock.now() + 200_000);
  });

  it('tell of a call that ended after its leader had left, and nothing of a lane at rest', async () => {
    const world = createWorld();
    await world.submit('r', { max_tokens: undefined });
    schedule(world, 30);
    await world.clock.run(world.clock.now() + 1_800_000);
    const lines = world.emitted.filter((line) => 'Lane' in line) as Record<string, number>[];
    expect(lines).toMatchObject([{ Released: 1, TokensWonBack: 0 }, { Released: 0 }]);
    expect(lines[1]?.TokensWonBack).toBeGreaterThan(0);
  });
});
