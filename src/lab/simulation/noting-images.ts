import type { StoredRecord } from '../../core/request/record.ts';
import type { MemoryPorts } from '../../memory/cloud.ts';

/** Tells of every write of a record, as the table's stream does. */
export function notingImages(ports: MemoryPorts, note: (image: StoredRecord) => void): MemoryPorts {
  const { records } = ports;
  return {
    ...ports,
    records: {
      ...records,
      create: async (record) => {
        const standing = await records.create(record);
        if (standing === undefined) note(structuredClone(record));
        return standing;
      },
      move: async (transition) => {
        const moved = await records.move(transition);
        if (moved.applied) note(structuredClone(moved.record));
        return moved;
      },
    },
  };
}
