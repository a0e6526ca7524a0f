/** Leader, workers and a tiny Bedrock on a virtual clock: the real logic of prioritization and invocation in memory. */

import { ModelError } from '../../../src/core/invocation/errors.ts';
import { invokeBundle } from '../../../src/core/invocation/invoke.ts';
import type { ModelAnswer, ModelCall } from '../../../src/core/invocation/ports.ts';
import { burndownOf, laneOf } from '../../../src/core/lane/catalog/catalog.ts';
import type { Limits } from '../../../src/core/lane/catalog/limits.ts';
import type { LaneSettings } from '../../../src/core/lane/ports.ts';
import {
  type PrioritizationEvent,
  type PrioritizationSettings,
  prioritize,
} from '../../../src/core/prioritization/prioritize.ts';
import type { HoldMessage } from '../../../src/core/request/hold-message.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { leaseMs } from '../../../src/core/request/times.ts';
import { VirtualClock } from '../../../src/lab/simulation/virtual-clock.ts';
import { createMemoryCloud, type MemoryCloud, type MemoryPorts } from '../../../src/memory/cloud.ts';
import { waitingRecord } from '../../fixtures/records.ts';

export const MODEL = 'amazon.nova-lite-v1:0';
export const LANE = laneOf(MODEL);
const TIMEOUT_MS = 300_000;

export interface WorldOptions {
  limits?: Limits;
  settings?: Partial<PrioritizationSettings>;
  laneSettings?: Partial<LaneSettings>;
  indexLagMs?: number;
  /** What happens to a call that Bedrock has admitted; by default an answer of 100 tokens after one second. */
  answer?: (call: ModelCall, world: World) => Promise<ModelAnswer>;
}

export interface Call {
  at: number;
  reserved: number;
  charged: number;
}

export interface World {
  clock: VirtualClock;
  cloud: MemoryCloud;
  ports: MemoryPorts;
  settings: PrioritizationSettings;
  /** Calls that Bedrock has admitted and those that it has throttled. */
  calls: Call[];
  throttled: number;
  logged: { event: string; fields: Record<string, unknown> }[];
  emitted: object[];
  running: number;
  mostRunning: number;
  submit(id: string, fields?: Partial<RequestRecord>): Promise<void>;
  /** One invocation of prioritization on these ports. */
  prioritize(event?: PrioritizationEvent, ports?: MemoryPorts): Promise<void>;
}

export function createWorld(options: WorldOptions = {}): World {
  const clock = new VirtualClock(1_000_000_000_000);
  const limits = options.limits ?? { requests_per_minute: 600, tokens_per_minute: 1_000_000 };
  const cloud = createMemoryCloud({
    clock,
    indexLagMs: options.indexLagMs ?? 100,
    settings: { quota_overrides: { [LANE]: limits }, ...options.laneSettings },
  });
  const world: World = {
    clock,
    cloud,
    ports: cloud.ports,
    settings: {
      engine: {
        averageRequestMs: 5_000,
        minutesToProcess: 5,
        queueDepthThreshold: 10_000,
        leaseMs: leaseMs(TIMEOUT_MS),
      },
      workers: 100,
      metricsNamespace: 'test',
      ...options.settings,
    },
    calls: [],
    throttled: 0,
    logged: [],
    emitted: [],
    running: 0,
    mostRunning: 0,
    submit,
    prioritize: (event = {}, ports = cloud.ports) =>
      prioritize(
        { ...ports, clock, log, emit: (line) => void world.emitted.push(line) },
        world.settings,
        event,
      ),
  };
  const log = (event: string, fields: Record<string, unknown>) => void world.logged.push({ event, fields });
  const send = cloud.ports.hold.send;
  cloud.ports.hold.send = async (messages) => {
    await send(messages);
    for (const message of cloud.takeHeld()) clock.spawn(() => work(message));
  };

  async function work(message: HoldMessage): Promise<void> {
    await clock.sleep(100);
    const begun = clock.now();
    world.running += 1;
    world.mostRunning = Math.max(world.mostRunning, world.running);
    await invokeBundle(
      {
        ...cloud.ports,
        clock,
        log,
        bucket: 'calls',
        model: { call },
        remainingMs: () => begun + TIMEOUT_MS - clock.now(),
      },
      message,
    );
    world.running -= 1;
  }

  /** The sliding minute, from its description alone. */
  async function call(it: ModelCall): Promise<ModelAnswer> {
    const at = clock.now();
    if (it.payload.operation !== 'converse') throw new Error('Only Converse is spoken here');
    const config = it.payload.converse.inferenceConfig as { maxTokens: number };
    const mine: Call = { at, reserved: 100 + config.maxTokens, charged: 100 + config.maxTokens };
    const minute = world.calls.filter((other) => other.at > at - 60_000);
    const tokens = minute.reduce((sum, other) => sum + other.charged, mine.reserved);
    if (
      minute.length + 1 > (limits.requests_per_minute ?? Number.POSITIVE_INFINITY) ||
      tokens > (limits.tokens_per_minute ?? Number.POSITIVE_INFINITY)
    ) {
      world.throttled += 1;
      throw new ModelError({
        kind: 'throttled',
        type: 'ThrottlingException',
        message: 'Too many requests, please wait',
      });
    }
    world.calls.push(mine);
    const answer = await (options.answer ?? defaultAnswer)(it, world);
    mine.charged = 100 + (answer.usage?.output_tokens ?? 0) * burndownOf(it.modelId);
    return answer;
  }

  async function submit(id: string, fields: Partial<RequestRecord> = {}): Promise<void> {
    const record = waitingRecord(id, {
      model_id: MODEL,
      max_tokens: 400,
      accepted_at: clock.now(),
      ...fields,
    });
    const { max_tokens: maxTokens } = record;
    const converse = { messages: [], ...(maxTokens !== undefined && { inferenceConfig: { maxTokens } }) };
    const payload = { v: 1, operation: 'converse', converse };
    await cloud.ports.payloads.put(record.payload_key, JSON.stringify(payload));
    await cloud.ports.records.create(record);
    await cloud.ports.registry.register(record.lane, record.model_id);
    await cloud.ports.directory.announce(record.queue, clock.now());
  }

  return world;
}

async function defaultAnswer(_call: ModelCall, { clock }: World): Promise<ModelAnswer> {
  await clock.sleep(1_000);
  return {
    output: {},
    stopReason: 'end_turn',
    usage: { input_tokens: 100, output_tokens: 100 },
    latencyMs: 1_000,
  };
}
