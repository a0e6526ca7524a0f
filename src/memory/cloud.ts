import type { Batches, BatchFiles, BatchTopic, RecordLookup } from '../core/batch/ports.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { BudgetAccounts } from '../core/lane/budgets.ts';
import type { Limits } from '../core/lane/catalog/limits.ts';
import type {
  CallReports,
  LaneControl,
  LaneRegistry,
  LaneSettings,
  LaneWatch,
  Leadership,
  QueueDirectory,
  Quotas,
  Settings,
  Waker,
} from '../core/lane/ports.ts';
import type { BundleLeases } from '../core/request/bundle-lease.ts';
import type { BundleOffers } from '../core/request/bundle-offers.ts';
import type { HoldMessage } from '../core/request/hold-message.ts';
import type { Backlog, Due, HoldQueue, Inbox, Payloads, Records } from '../core/request/ports.ts';
import type { ResultMessage, Results } from '../core/request/result.ts';
import { createBatches, type MemoryBatches } from './batches.ts';
import { createBundleLeases, type MemoryBundleLeases } from './bundle-leases.ts';
import { createBundleOffers } from './bundle-offers.ts';
import {
  createBudgets,
  createCallReports,
  createControl,
  createDirectory,
  createLaneStates,
  createRegistry,
} from './lanes.ts';
import { createObjects, type MemoryObjects } from './objects.ts';
import { createRecords, type MemoryRecords } from './records.ts';

export interface MemoryCloudOptions {
  /** What the index lag is measured by. The system's unless given. */
  clock?: Pick<Clock, 'now'>;
  /** Milliseconds by which the backlog and due indexes lag behind writes; 0 unless given. */
  indexLagMs?: number;
  settings?: Partial<LaneSettings>;
  /** What Service Quotas says, by lane; nothing unless given. */
  quotas?: Record<string, Limits>;
  /** Called for each wake-up, beside its being kept in `woken`. */
  onWake?: (lanes: string[]) => void;
  /** Called for each result, instead of its being kept in `sent`: a long simulation checks and forgets. */
  onResult?: (result: ResultMessage, queue?: string) => void;
  /** What a part of an upload must have, unless it is the last. Default: as in S3. */
  leastPartBytes?: number;
}

/** All ports: plain objects of async functions, so that any call can be wrapped. */
export interface MemoryPorts {
  records: Records;
  backlog: Backlog;
  due: Due;
  payloads: Payloads;
  inbox: Inbox;
  results: Results;
  hold: HoldQueue;
  directory: QueueDirectory;
  registry: LaneRegistry;
  watch: LaneWatch;
  leadership: Leadership;
  reports: CallReports;
  settings: Settings;
  budgets: BudgetAccounts;
  control: LaneControl;
  quotas: Quotas;
  leases: BundleLeases;
  offers: BundleOffers;
  waker: Waker;
}

/** What the batch function has besides. The caller delivers what is in its queue. */
export interface MemoryBatchPorts {
  batches: Batches;
  files: BatchFiles;
  lookup: RecordLookup;
  topic: BatchTopic;
}

export interface MemoryCloud {
  ports: MemoryPorts;
  batchPorts: MemoryBatchPorts;
  /** Batches as they stand. */
  batches: MemoryBatches['all'];
  /** Notifications about batches, in order. */
  published: { subject: string; message: unknown }[];
  /** The table's contents, for looking at and for dropping what has expired. */
  table: Pick<MemoryRecords, 'all' | 'drop'>;
  bucket: Pick<MemoryObjects, 'leave' | 'remove' | 'keys'>;
  lanes: ReturnType<typeof createLaneStates>['states'];
  /** Leases of bundles that are out. */
  leases: MemoryBundleLeases['all'];
  /** Results sent so far, in order. */
  sent: ResultMessage[];
  /** The queue of each of them: undefined is the shared one. */
  destinations: (string | undefined)[];
  /** Lanes of each wake-up, in order. */
  woken: string[][];
  /** Takes the oldest waiting hold messages: they are gone from the queue. */
  takeHeld(limit?: number): HoldMessage[];
}

/** One world in memory that implements every port: for tests, and for simulations of millions of requests. */
export function createMemoryCloud(options: MemoryCloudOptions = {}): MemoryCloud {
  const { clock = systemClock, indexLagMs = 0 } = options;
  const { records, backlog, due, lookup, all, drop } = createRecords({ clock, indexLagMs });
  const { payloads, inbox, files, leave, remove, keys } = createObjects(
    () => clock.now(),
    options.leastPartBytes,
  );
  const { batches, all: allBatches } = createBatches();
  const leases = createBundleLeases();
  const published: MemoryCloud['published'] = [];
  const { watch, leadership, states } = createLaneStates();
  const sent: ResultMessage[] = [];
  const destinations: (string | undefined)[] = [];
  const woken: string[][] = [];
  const held: HoldMessage[] = [];

  return {
    ports: {
      records,
      backlog,
      due,
      payloads,
      inbox,
      watch,
      leadership,
      directory: createDirectory(),
      registry: createRegistry(),
      reports: createCallReports(),
      control: createControl(),
      budgets: createBudgets(),
      leases: leases.port,
      offers: createBundleOffers(),
      quotas: {
        async limitsOf(lane) {
          return options.quotas?.[lane];
        },
      },
      results: {
        async send(result, queue) {
          const message: ResultMessage = JSON.parse(JSON.stringify(result));
          if (options.onResult) return options.onResult(message, queue);
          sent.push(message);
          destinations.push(queue);
        },
      },
      hold: {
        async send(messages) {
          for (const message of messages) held.push(structuredClone(message));
        },
      },
      settings: {
        async read() {
          return structuredClone({ quota_overrides: {}, tenant_weights: {}, ...options.settings });
        },
      },
      waker: {
        async wake(lanes) {
          woken.push([...lanes]);
          options.onWake?.([...lanes]);
        },
      },
    },
    batchPorts: {
      batches,
      files,
      lookup,
      topic: {
        async publish(subject, message) {
          published.push({ subject, message: JSON.parse(JSON.stringify(message)) });
        },
      },
    },
    batches: allBatches,
    published,
    table: { all, drop },
    bucket: { leave, remove, keys },
    lanes: states,
    leases: leases.all,
    sent,
    destinations,
    woken,
    takeHeld: (limit = held.length) => held.splice(0, limit),
  };
}
