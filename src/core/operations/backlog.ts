/**
 * What waits in a lane, by priority and tenant, as an operator asks for it. The reads are bounded: a long backlog is counted
 * up to a limit, and says so.
 */
import { concurrently } from '../concurrently.ts';
import type { QueueDirectory } from '../lane/ports.ts';
import { parseBacklogKey } from '../request/keys.ts';
import type { Backlog, BacklogEntry } from '../request/ports.ts';
import type { Priority } from '../request/record.ts';

/** Entries read of one partition of the backlog. */
export const MOST_ENTRIES = 2_000;
/** Partitions read of one lane. */
const MOST_PARTITIONS = 200;
const CONCURRENT_READS = 20;

export interface BacklogPorts {
  directory: Pick<QueueDirectory, 'list'>;
  backlog: Backlog;
}

/** Requests of one priority and tenant. */
export interface WaitingLine {
  priority: Priority;
  tenant: string;
  requests: number;
  /** What their calls are expected to be charged. */
  tokens: number;
  /** When the first of them was accepted, epoch milliseconds. */
  oldest: number;
  /** There are more than these. */
  more: boolean;
}

export interface WaitingWork {
  lines: WaitingLine[];
  /** Every entry that was read. */
  entries: BacklogEntry[];
  /** Some partitions were not looked at. */
  more: boolean;
}

/** Expected charge of a waiting request, in tokens. */
export type ChargeOf = (entry: Pick<BacklogEntry, 'input_tokens' | 'max_tokens'>) => number;

export async function readBacklog(
  { directory, backlog }: BacklogPorts,
  lane: string,
  chargeOf: ChargeOf,
): Promise<WaitingWork> {
  const announced = (await directory.list(lane)).map(({ backlog_key }) => backlog_key).sort();
  const lines = new Map<string, WaitingLine>();
  const entries: BacklogEntry[] = [];
  await concurrently(announced.slice(0, MOST_PARTITIONS), CONCURRENT_READS, async (key) => {
    const heads = await backlog.heads(key, MOST_ENTRIES);
    if (heads.length === 0) return;
    entries.push(...heads);
    const { priority, tenant } = parseBacklogKey(key);
    const name = `${priority}|${tenant}`;
    const line = lines.get(name) ?? {
      ...{ priority, tenant, requests: 0, tokens: 0, oldest: Number.POSITIVE_INFINITY, more: false },
    };
    line.requests += heads.length;
    for (const head of heads) {
      line.tokens += chargeOf(head);
      line.oldest = Math.min(line.oldest, head.accepted_at);
    }
    line.more ||= heads.length === MOST_ENTRIES;
    lines.set(name, line);
  });
  return {
    lines: [...lines.values()].sort((a, b) => a.priority - b.priority || b.tokens - a.tokens),
    entries,
    more: announced.length > MOST_PARTITIONS,
  };
}
