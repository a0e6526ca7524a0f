import { ModelError, type ModelErrorDetails } from '../../../src/core/invocation/errors.ts';
import type { InvocationPorts } from '../../../src/core/invocation/outcome.ts';
import type { ModelAnswer, ModelCall } from '../../../src/core/invocation/ports.ts';
import { type Counters, sumOf } from '../../../src/core/lane/counters.ts';
import type { HoldMessage, Payload } from '../../../src/core/request/hold-message.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { queue } from '../../../src/core/request/transitions.ts';
import { createMemoryCloud } from '../../../src/memory/cloud.ts';
import { ACCEPTED_AT, LANE, MODEL, requestIn, waitingRecord } from '../../fixtures/records.ts';

export { ACCEPTED_AT, LANE, MODEL };
export const RELEASED_AT = 1_060_000;
export const LEASE_UNTIL = RELEASED_AT + 150_000;

export const ANSWER: ModelAnswer = {
  output: { message: { role: 'assistant', content: [{ text: 'Hello' }] } },
  stopReason: 'end_turn',
  usage: { input_tokens: 90, output_tokens: 40, cache_write_tokens: 7, cache_read_tokens: 5 },
  latencyMs: 800,
};

type Scripted = ModelAnswer | ModelErrorDetails | Error;

/** Released requests in memory, and a model that answers by script (the last line repeats). */
export class World {
  now = RELEASED_AT + 300;
  remaining = 120_000;
  readonly cloud = createMemoryCloud({ clock: { now: () => this.now } });
  readonly calls: ModelCall[] = [];
  readonly events: { event: string; fields: Record<string, unknown> }[] = [];
  script: Scripted[] = [ANSWER];
  ports: InvocationPorts = {
    ...this.cloud.ports,
    model: {
      call: async (call) => {
        this.calls.push(call);
        const next = this.script.length > 1 ? this.script.shift() : this.script[0];
        this.now += 1_000;
        if (next instanceof Error) throw next;
        if (next && 'kind' in next) throw new ModelError(next);
        return next as ModelAnswer;
      },
    },
    clock: { now: () => this.now, sleep: async () => {} },
    log: (event, fields) => void this.events.push({ event, fields }),
    bucket: 'calls',
    remainingMs: () => this.remaining,
  };

  /** Stores a request and releases it; the bundle that a worker gets. */
  async release(ids: string[] = ['r1'], fields: Partial<RequestRecord> = {}): Promise<HoldMessage> {
    for (const id of ids) {
      const record = recordOf(id, fields);
      await this.cloud.ports.records.create(record);
      await this.cloud.ports.payloads.put(record.payload_key, JSON.stringify(PAYLOAD));
      const released = await this.cloud.ports.records.move(
        queue(record, {
          releasedAt: RELEASED_AT,
          reservedTokens: 300,
          maxTokens: 200,
          leaseUntil: LEASE_UNTIL,
        }),
      );
      if (!released.applied) throw new Error(`${id} was not released`);
    }
    return {
      v: 1,
      lane: LANE,
      released_at: RELEASED_AT,
      releases: ids.map((request_id) => ({ request_id, generation: (fields.generation ?? 0) + 1 })),
    };
  }

  async record(id = 'r1'): Promise<RequestRecord> {
    return requestIn(await this.cloud.ports.records.read(id));
  }

  /** The sum of what was reported. */
  async counters(): Promise<Counters> {
    const slots = await this.cloud.ports.reports.since(LANE, 0);
    return sumOf(...slots.map(({ counters }) => counters));
  }
}

const PAYLOAD: Payload = {
  v: 1,
  operation: 'converse',
  converse: {
    messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
    inferenceConfig: { temperature: 0.5 },
  },
};

export function recordOf(id: string, fields: Partial<RequestRecord> = {}): RequestRecord {
  return waitingRecord(id, { priority: 2, tenant: 'acme', ...fields });
}
