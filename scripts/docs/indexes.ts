/** The indexes of the Requests table, in Markdown, for docs/architecture.md. */
import { TABLES } from '../../src/core/layout/tables.ts';
import { renderTable } from './markdown.ts';

const HOLDS: Record<keyof typeof TABLES.requests.indexes, string> = {
  backlog: 'RECEIVED records; the partition is `lane\\|priority\\|tenant\\|shard`, the order in milliseconds',
  due: 'all that a leader must look at by some time: explicit deadlines, requests that were set aside, and the results of requests that ended without a release or whose results queue is gone, until they are marked sent; the partition is `lane\\|shard`, the time in milliseconds',
};

export function renderIndexes(): string {
  const rows = Object.entries(TABLES.requests.indexes).map(([name, { partition, sort, attributes }]) => [
    `\`${name}\``,
    `\`${partition.name}\` (${partition.type})`,
    `\`${sort.name}\` (${sort.type})`,
    HOLDS[name as keyof typeof HOLDS],
    attributes.map((attribute) => `\`${attribute}\``).join(', '),
  ]);
  return renderTable([['index', 'partition', 'sort', 'holds', 'also includes'], ...rows]);
}
