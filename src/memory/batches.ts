import type { Batch } from '../core/batch/batch.ts';
import type { Batches } from '../core/batch/ports.ts';
import { copyOf } from './copies.ts';

export interface MemoryBatches {
  batches: Batches;
  all(): Batch[];
}

export function createBatches(): MemoryBatches {
  const items = new Map<string, Batch>();
  return {
    batches: {
      async create(batch) {
        if (!items.has(batch.batch_id)) items.set(batch.batch_id, copyOf(batch));
      },
      async read(batchId) {
        return items.get(batchId);
      },
      async save({ batch_id, turn }, sinceTurn, progress) {
        const standing = items.get(batch_id);
        if (standing?.turn !== turn) return undefined;
        const next = copyOf({ ...standing, ...progress, turn: turn + 1, since_turn: sinceTurn });
        items.set(batch_id, next);
        return next;
      },
      async requestCancel(batchId, now) {
        const standing = items.get(batchId);
        if (standing === undefined) throw new Error(`There is no batch ${batchId}`);
        items.set(batchId, { cancel_requested_at: now, ...standing });
      },
    },
    all: () => [...items.values()],
  };
}
