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

export interface Line {
  priority: Priority;
  tenant: string;
}

/** Requests of one priority and tenant. */
export interface WaitingLine extends Line {
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
  /** Of these nothing was read: there were too many. */
  unread: Line[];
}

/** Expected charge of a waiting request, in tokens. */
export type ChargeOf = (entry: Pick<BacklogEntry, 'input_tokens' | 'max_tokens'>) => number;

/** @param first what is read in any case */
export async function readBacklog(
  { directory, backlog }: BacklogPorts,
  lane: string,
  chargeOf: ChargeOf,
  first?: Line,
): Promise<WaitingWork> {
  const announced = (await directory.list(lane)).map(({ backlog_key }) => backlog_key).sort();
  const isFirst = (key: string) => first !== undefined && nameOf(parseBacklogKey(key)) === nameOf(first);
  const wanted = [...announced.filter(isFirst), ...announced.filter((key) => !isFirst(key))];
  const lines = new Map<string, WaitingLine>();
  const entries: BacklogEntry[] = [];
  await concurrently(wanted.slice(0, MOST_PARTITIONS), CONCURRENT_READS, async (key) => {
    const heads = await backlog.heads(key, MOST_ENTRIES);
    if (heads.length === 0) return;
    entries.push(...heads);
    const { priority, tenant } = parseBacklogKey(key);
    const name = nameOf({ priority, tenant });
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
  const unread = new Map<string, Line>();
  for (const key of wanted.slice(MOST_PARTITIONS)) {
    const { priority, tenant } = parseBacklogKey(key);
    const name = nameOf({ priority, tenant });
    const line = lines.get(name);
    if (line === undefined) unread.set(name, { priority, tenant });
    else line.more = true;
  }
  return {
    lines: [...lines.values()].sort((a, b) => a.priority - b.priority || b.tokens - a.tokens),
    entries,
    unread: [...unread.values()],
  };
}

function nameOf({ priority, tenant }: Line): string {
  return `${priority}|${tenant}`;
}
