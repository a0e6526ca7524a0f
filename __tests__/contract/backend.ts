import type { HoldMessage } from '../../src/core/request/hold-message.ts';
import type { ResultMessage } from '../../src/core/request/result.ts';
import { createMemoryCloud, type MemoryPorts } from '../../src/memory/cloud.ts';

/** Where a backend is known to differ from AWS; each with its reason. */
export type Disagreement = 'object versions' | 'concurrent writes';

export interface Backend {
  ports: Pick<
    MemoryPorts,
    | ('records' | 'backlog' | 'due' | 'payloads' | 'inbox' | 'results' | 'hold')
    | (
        | 'directory'
        | 'registry'
        | 'watch'
        | 'leadership'
        | 'reports'
        | 'settings'
        | 'budgets'
        | 'leases'
        | 'offers'
      )
  >;
  disagreements: Partial<Record<Disagreement, string>>;
  /** Leaves an object in the bucket as a producer does. */
  leave(key: string, body: string): Promise<{ version_id?: string }>;
  /** All messages in the Results queue, which then is empty. */
  takeResults(): Promise<ResultMessage[]>;
  /** All messages in the Hold queue, which then is empty. */
  takeHeld(): Promise<HoldMessage[]>;
  stop(): Promise<void>;
}

/** Skips the test, with the reason, where the backend is known to differ. */
export function skipWhereKnown(
  { disagreements }: Backend,
  disagreement: Disagreement,
  skip: (condition: boolean, reason?: string) => void,
): void {
  const reason = disagreements[disagreement];
  skip(reason !== undefined, reason);
}

export async function startMemory(): Promise<Backend> {
  const { ports, bucket, sent, takeHeld } = createMemoryCloud();
  return {
    ports,
    disagreements: {},
    leave: async (key, body) => ({ version_id: bucket.leave(key, body) }),
    takeResults: async () => sent.splice(0),
    takeHeld: async () => takeHeld(),
    stop: async () => {},
  };
}
