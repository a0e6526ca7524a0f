/** Ports that note what AWS would bill for each call, by the calls and the sizes of items that the adapters make of it. */
import { type Item, itemOf } from '../../aws/dynamodb/expressions.ts';
import { itemOfRecord } from '../../aws/dynamodb/record-item.ts';
import { packed } from '../../aws/packed.ts';
import { ANY_PARTITION } from '../../core/lane/ports.ts';
import type { LeasedRelease } from '../../core/request/bundle-lease.ts';
import type { OfferedBundle } from '../../core/request/bundle-offers.ts';
import { isSmallPayload } from '../../core/request/keys.ts';
import { BACKLOG_ATTRIBUTES, type BacklogEntry, DUE_ATTRIBUTES } from '../../core/request/ports.ts';
import type { StoredRecord } from '../../core/request/record.ts';
import type { MemoryPorts } from '../../memory/cloud.ts';
import type { Bill, Purpose } from './bill.ts';

/** Reports of a lane are spread over so many partitions, and so is what is due: each is read by a query of its own. */
const SHARDS = 4;
/** A key, and what DynamoDB adds to an index entry. */
const KEYS_BYTES = 160;
/** A virtual record has no content hash and no nonce, and short ids and keys: what real ones have more. */
const SHORTENED_BYTES = 64 + 36 + 20 + 70;
/** A small payload's key, the names of its attributes, and its time to live. */
const AROUND_PAYLOAD_BYTES = 104;
/** A request's id, where a producer has none: the id of its message. */
const ID_BYTES = 36;
/** Messages that one request to SQS may hold. */
const MESSAGES_PER_REQUEST = 10;

export interface Sizes {
  /** Of a payload. */
  inputBytes: number;
  /** What such payloads take when they are packed, by sample. */
  packedBytes: readonly number[];
  /** Of an answer; the record keeps it. */
  outputBytes: number;
}

export function meteredPorts(ports: MemoryPorts, bill: Bill, sizes: Sizes): MemoryPorts {
  const { inputBytes, outputBytes } = sizes;
  const write = (purpose: Purpose, bytes: number) =>
    bill.add(purpose, 'write unit', Math.max(1, Math.ceil(bytes / 1_024)));
  const read = (purpose: Purpose, bytes: number, consistent = true) =>
    bill.add(purpose, 'read unit', Math.max(1, Math.ceil(bytes / 4_096)) * (consistent ? 1 : 0.5));

  const bytesOfRecord = (record: StoredRecord) =>
    bytesOfItem(itemOfRecord(record)) +
    SHORTENED_BYTES +
    ('output' in record && record.output ? outputBytes : 0);
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
      send: async (...args) => {
        bill.add('queues', 'queue request', 1);
        return results.send(...args);
      },
    },
    hold: {
      send: async (messages) => {
        bill.add('queues', 'queue request', Math.ceil(messages.length / MESSAGES_PER_REQUEST));
        return hold.send(messages);
      },
    },
  };
}

/** As it is kept. */
function lengthOf(text = ''): number {
  return packed(text, 'quick').length;
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

interface IndexEntry {
  /** Where it is in the index: another place is a removal and an addition. */
  key: string;
  text: string;
  bytes: number;
}

function indexEntriesOf(record: StoredRecord): Map<string, IndexEntry> {
  const found = new Map<string, IndexEntry>();
  const fields = record as unknown as Record<string, unknown>;
  const note = (name: string, partition: unknown, sort: unknown, attributes: readonly string[]) => {
    if (partition === undefined) return;
    const item = itemOf(Object.fromEntries(attributes.map((it) => [it, fields[it]])));
    found.set(name, {
      key: `${partition}|${sort}`,
      text: `${partition}|${sort}|${JSON.stringify(item)}`,
      bytes: bytesOfItem(item) + KEYS_BYTES,
    });
  };
  note('backlog', fields.backlog_key, fields.backlog_order, BACKLOG_ATTRIBUTES);
  note('due', fields.due_key, fields.due_at, DUE_ATTRIBUTES);
  return found;
}

/** As DynamoDB counts an item: names and texts in UTF-8, two digits of a number to a byte. */
function bytesOfItem(item: Item): number {
  return Object.entries(item).reduce((sum, [name, { S, N }]) => {
    const value = N === undefined ? Buffer.byteLength(S ?? ' ') : Math.ceil(N.length / 2) + 1;
    return sum + Buffer.byteLength(name) + value;
  }, 0);
}

function bytesOfLease(releases: readonly LeasedRelease[]): number {
  // A virtual request's id is short, and a generation has a digit or two.
  return KEYS_BYTES + releases.length * (ID_BYTES + 3);
}

/** As its message is kept, in JSON. */
function bytesOfOffer(bundle: OfferedBundle): number {
  return KEYS_BYTES + bytesOf(bundle) + bundle.releases.length * ID_BYTES;
}

function bytesOf(value: unknown): number {
  return JSON.stringify(value).length;
}
