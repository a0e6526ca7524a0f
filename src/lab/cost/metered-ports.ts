/** Ports that note what AWS would bill for each call, by the calls and the sizes of items that the adapters make of it. */
import { itemOfRecord } from '../../aws/dynamodb/record-item.ts';
import { INLINE_OUTPUT_BYTES } from '../../core/invocation/outcome.ts';
import { ANY_PARTITION } from '../../core/lane/ports.ts';
import { isSmallPayload } from '../../core/request/keys.ts';
import type { BacklogEntry } from '../../core/request/ports.ts';
import type { StoredRecord } from '../../core/request/record.ts';
import type { MemoryPorts } from '../../memory/cloud.ts';
import type { Bill, Purpose } from './bill.ts';
import {
  bytesOf,
  bytesOfItem,
  bytesOfLease,
  bytesOfOffer,
  type IndexEntry,
  indexEntriesOf,
  KEYS_BYTES,
  lengthOf,
  queueRequestsOf,
} from './billed-sizes.ts';

/** Reports of a lane are spread over so many partitions, and so is what is due: each is read by a query of its own. */
const SHARDS = 4;
/** A virtual record has no content hash and no nonce, and short ids and keys: what real ones have more. */
const SHORTENED_BYTES = 64 + 36 + 20 + 70;
/** A small payload's key, the names of its attributes, and its time to live. */
const AROUND_PAYLOAD_BYTES = 104;
/** A large answer is an object, of which the record has the bucket's name and the key. */
const OUTPUT_POINTER_BYTES = 120;
/** Messages that one request to SQS may hold. */
const MESSAGES_PER_REQUEST = 10;

export interface Sizes {
  /** Of a payload. */
  inputBytes: number;
  /** What such payloads take when they are packed, by sample. */
  packedBytes: readonly number[];
  /** Of an answer. */
  outputBytes: number;
}

export function meteredPorts(ports: MemoryPorts, bill: Bill, sizes: Sizes): MemoryPorts {
  const { inputBytes, outputBytes } = sizes;
  const write = (purpose: Purpose, bytes: number) =>
    bill.add(purpose, 'write unit', Math.max(1, Math.ceil(bytes / 1_024)));
  const read = (purpose: Purpose, bytes: number, consistent = true) =>
    bill.add(purpose, 'read unit', Math.max(1, Math.ceil(bytes / 4_096)) * (consistent ? 1 : 0.5));

  const isLargeOutput = outputBytes > INLINE_OUTPUT_BYTES;
  const keptOutputBytes = isLargeOutput ? OUTPUT_POINTER_BYTES : outputBytes;
  const bytesOfRecord = (record: StoredRecord) =>
    bytesOfItem(itemOfRecord(record)) +
    SHORTENED_BYTES +
    ('output' in record && record.output ? keptOutputBytes : 0);
  /** By request: its entry in each index, to tell what a write changes of it. */
  const entries = new Map<string, Map<string, IndexEntry>>();
  const noteRecord = (record: StoredRecord) => {
    write('records', bytesOfRecord(record));
    const before = entries.get(record.request_id);
    const after = indexEntriesOf(record);
    for (const name of ['backlog', 'due']) {
      const [old, now] = [before?.get(name), after.get(name)];
      if (old !== undefined && old.key !== now?.key) write('indexes', old.bytes);
      if (now !== undefined && now.text !== old?.text) write('indexes', now.bytes);
    }
    if (after.size === 0) entries.delete(record.request_id);
    else entries.set(record.request_id, after);
  };

  const noteEntries = (found: BacklogEntry[]) => {
    read('reading the backlog', bytesOf(found) + found.length * KEYS_BYTES, false);
    return found;
  };

  /** By lane and slot: names and sums of its counters. */
  const reported = new Map<string, Set<string>>();
  const bytesReported = (lane: string, slot: number) =>
    KEYS_BYTES + [...(reported.get(`${lane}|${slot}`) ?? [])].reduce((sum, name) => sum + name.length + 4, 0);

  const { records, backlog, due, payloads, results, hold, directory, registry } = ports;
  const { watch, leadership, reports, settings, control, leases, offers } = ports;
  return {
    ...ports,
    records: {
      ...records,
      create: async (record) => {
        const created = await records.create(record);
        noteRecord(record);
        return created;
      },
      move: async (transition) => {
        const moved = await records.move(transition);
        if (isLargeOutput && transition.set.output !== undefined) {
          bill.add('payloads', 'object put', 1);
          // By the consumer.
          bill.add('payloads', 'object get', 1);
        }
        if (moved.applied) noteRecord(moved.record);
        else write('records', 1);
        return moved;
      },
      read: async (id) => {
        const record = await records.read(id);
        read('records', record === undefined ? 0 : bytesOfRecord(record));
        return record;
      },
    },
    backlog: {
      heads: async (...args) => noteEntries(await backlog.heads(...args)),
      since: async (...args) => noteEntries(await backlog.since(...args)),
    },
    due: {
      due: async (lane, now, limit) => {
        const found = await due.due(lane, now, limit);
        for (let shard = 0; shard < SHARDS; shard++) {
          read('reading the backlog', (bytesOf(found) + found.length * KEYS_BYTES) / SHARDS, false);
        }
        return found;
      },
    },
    leases: {
      write: async (lease) => {
        write('bundle leases', bytesOfLease(lease.releases));
        return leases.write(lease);
      },
      settle: async (lane, id, ended) => {
        // Those that end together are the whole lease, which one write removes.
        write('bundle leases', bytesOfLease(ended));
        return leases.settle(lane, id, ended);
      },
      withdraw: async (...args) => {
        write('bundle leases', KEYS_BYTES);
        return leases.withdraw(...args);
      },
      all: async (lane) => {
        const found = await leases.all(lane);
        read('bundle leases', bytesOf(found));
        return found;
      },
      expired: async (...args) => {
        const found = await leases.expired(...args);
        read('bundle leases', bytesOf(found));
        return found;
      },
    },
    offers: {
      make: async (bundle) => {
        write('bundle offers', bytesOfOffer(bundle));
        return offers.make(bundle);
      },
      list: async (limit) => {
        const found = await offers.list(limit);
        read(
          'bundle offers',
          found.reduce((sum, it) => sum + bytesOfOffer(it), 0),
          false,
        );
        return found;
      },
      stands: async (lease) => {
        read('bundle offers', 1);
        return offers.stands(lease);
      },
      take: async (lease) => {
        // Mostly it is there, and as large as a few releases.
        write('bundle offers', 1);
        return offers.take(lease);
      },
    },
    directory: {
      ...directory,
      announce: async (...args) => {
        write('leading a lane', KEYS_BYTES);
        return directory.announce(...args);
      },
      list: async (lane) => {
        const queues = await directory.list(lane);
        read('reading the backlog', bytesOf(queues));
        return queues;
      },
      adoptEarlier: async (lane) => {
        for (let shard = 1; shard < SHARDS; shard++) read('reading the backlog', 0);
        return directory.adoptEarlier(lane);
      },
      forget: async (entry) => {
        write('leading a lane', KEYS_BYTES);
        return directory.forget(entry);
      },
    },
    registry: {
      ...registry,
      list: async () => {
        const lanes = await registry.list();
        read('leading a lane', bytesOf(lanes));
        return lanes;
      },
    },
    watch: {
      ...watch,
      status: async (lane) => {
        read('leading a lane', 1_024);
        return watch.status(lane);
      },
      markWoken: async (lane, now) => {
        write('leading a lane', 1_024);
        return watch.markWoken(lane, now);
      },
    },
    leadership: {
      ...leadership,
      acquire: async (...args) => {
        const led = await leadership.acquire(...args);
        write('leading a lane', 1_024);
        if (led !== undefined) {
          write('leading a lane', lengthOf(led.plan));
          read('leading a lane', lengthOf(led.estimates));
        }
        return led;
      },
      writePlan: async (led, plan) => {
        write('leading a lane', lengthOf(plan) + KEYS_BYTES);
        return leadership.writePlan(led, plan);
      },
      writeEstimates: async (led, estimates, now) => {
        write('leading a lane', lengthOf(estimates) + KEYS_BYTES);
        return leadership.writeEstimates(led, estimates, now);
      },
      renew: async (led, shown, until) => {
        write('leading a lane', bytesOf(shown) + KEYS_BYTES);
        return leadership.renew(led, shown, until);
      },
      sleep: async (led, shown) => {
        write('leading a lane', bytesOf(shown) + KEYS_BYTES);
        return leadership.sleep(led, shown);
      },
      release: async (led) => {
        write('leading a lane', 1_024);
        return leadership.release(led);
      },
    },
    reports: {
      add: async (lane, slot, counters, partition) => {
        const names = reported.get(`${lane}|${slot}`) ?? new Set();
        reported.set(`${lane}|${slot}`, names);
        for (const name of Object.keys(counters)) names.add(name);
        write('call reports', bytesReported(lane, slot));
        return reports.add(lane, slot, counters, partition);
      },
      since: async (lane, slot, partition) => {
        const totals = await reports.since(lane, slot, partition);
        const bytes = totals.reduce((sum, it) => sum + bytesReported(lane, it.slot), 0);
        // Each partition has an item for a slot to which it got a report.
        const partitions = partition === ANY_PARTITION ? SHARDS : 1;
        for (let shard = 0; shard < partitions; shard++) read('call reports', bytes);
        return totals;
      },
    },
    settings: {
      read: async () => {
        read('leading a lane', 1_024);
        return settings.read();
      },
    },
    control: {
      ...control,
      pauseOf: async (lane) => {
        read('leading a lane', 1);
        return control.pauseOf(lane);
      },
    },
    payloads: {
      put: async (key, body) => {
        addPayloadPuts(bill, sizes, 1);
        return payloads.put(key, body);
      },
      get: async (key) => {
        if (isSmallPayload(inputBytes))
          read('payloads', Math.max(...sizes.packedBytes) + AROUND_PAYLOAD_BYTES, false);
        else bill.add('payloads', 'object get', 1);
        return payloads.get(key);
      },
    },
    results: {
      ...results,
      send: async (result, queue) => {
        // The virtual answer is short.
        bill.add('queues', 'queue request', queueRequestsOf(bytesOf(result) + keptOutputBytes));
        return results.send(result, queue);
      },
    },
    hold: {
      send: async (messages) => {
        for (let first = 0; first < messages.length; first += MESSAGES_PER_REQUEST) {
          const together = messages.slice(first, first + MESSAGES_PER_REQUEST);
          bill.add('queues', 'queue request', queueRequestsOf(bytesOf(together)));
        }
        return hold.send(messages);
      },
    },
  };
}

/** Of payloads of these sizes: each sample is as likely as another. */
export function addPayloadPuts(
  bill: Bill,
  { inputBytes, packedBytes }: Pick<Sizes, 'inputBytes' | 'packedBytes'>,
  puts: number,
): void {
  if (!isSmallPayload(inputBytes)) {
    bill.add('payloads', 'object put', puts);
    return;
  }
  const units = packedBytes.map((bytes) => Math.ceil((bytes + AROUND_PAYLOAD_BYTES) / 1_024));
  const mean = units.reduce((sum, it) => sum + it, 0) / units.length;
  bill.add('payloads', 'write unit', puts * mean);
}
