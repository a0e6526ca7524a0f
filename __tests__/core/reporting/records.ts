import fc from 'fast-check';
import type { Transition } from '../../../src/core/request/ports.ts';
import type { RequestRecord } from '../../../src/core/request/record.ts';
import { end, markSent, queue } from '../../../src/core/request/transitions.ts';
import { recordOf } from '../invocation/world.ts';

/** A record after a transition. */
function after(record: RequestRecord, { set, remove }: Transition): RequestRecord {
  const next: RequestRecord = { ...record, ...set };
  for (const name of remove) delete next[name];
  return next;
}

/** All images that the stream shows of a request that waits, is called once, and ends. */
export function lifeOf(id: string, fields: Partial<RequestRecord> = {}, waitMs = 1_000): RequestRecord[] {
  const accepted = recordOf(id, fields);
  const startedAt = accepted.accepted_at + waitMs;
  const queued = after(
    accepted,
    queue(accepted, {
      releasedAt: startedAt,
      reservedTokens: 300,
      maxTokens: 200,
      leaseUntil: startedAt + 1,
    }),
  );
  const ended = after(
    queued,
    end(queued, {
      status: 'COMPLETED',
      startedAt,
      finishedAt: startedAt + 2_000,
      attempts: 2,
      throttles: 1,
      usage: { input_tokens: 100, output_tokens: 50 },
      latency_ms: 1_900,
      charged_tokens: 350,
    }),
  );
  return [accepted, queued, ended, after(ended, markSent(ended, startedAt + 2_100))];
}

/** Lives of some requests of two tenants, over a few minutes. */
export const lives = fc
  .array(
    fc.record({
      tenant: fc.constantFrom('acme', 'globex'),
      priority: fc.constantFrom(1 as const, 3 as const),
      acceptedAt: fc.integer({ min: 0, max: 180_000 }),
      waitMs: fc.integer({ min: 0, max: 90_000 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((all) =>
    all.flatMap(({ tenant, priority, acceptedAt, waitMs }, i) =>
      lifeOf(`r${i}`, { tenant, priority, accepted_at: 1_700_000_000_000 + acceptedAt }, waitMs),
    ),
  );
