/** What the lanes table offers. Item layout: docs/architecture.md, "Lanes table". */

import type { BacklogFigures } from './backlog-figures.ts';
import type { TenantBudget } from './budgets.ts';
import type { SlotTotals } from './call-counters.ts';
import type { Limits } from './catalog/limits.ts';
import type { Counters } from './counters.ts';

/** A lane is woken at most this often, until it sleeps again: the leader that was started last needs the time to take it. */
export const WAKE_INTERVAL_MS = 2_000;

/**
 * A partition that gets much is announced at most this often by one container, so a record may have been written up to this long
 * after the announcement that covers it. A partition may be forgotten only after a longer time than this, plus index lag and clock
 * skew.
 */
export const ANNOUNCE_INTERVAL_MS = 1_000;

/**
 * Writes take about equally long to reach an index. Once a request is seen there, what was written up to this long after it is visible
 * this long after that. So an announcement names a request only if it was written at most this long before.
 */
export const COVERED_MS = 200;

/** Whom an announcement at `now` may name of a request whose write was begun at `begun`. */
export function namedAt<Request extends Announced>(
  request: Request,
  begun: number,
  now: number,
): Request | undefined {
  return now - begun <= COVERED_MS ? request : undefined;
}

/** Where ingestion announces work, so that the leader knows which backlog partitions to read. */
export interface QueueDirectory {
  /**
   * Announces work in a partition; after the record's write, or before it as `silentUntil` says. Idempotent. One that arrives after a
   * later one does not set the time back, and neither of the two is said to be about a request.
   * @param about whose write it was, {@link COVERED_MS} ago at most. Absent: nobody knows what was written last
   * @param silentUntil until then the caller may write more there without a word, `ANNOUNCE_INTERVAL_MS` at most
   */
  announce(backlogKey: string, now: number, about?: Announced, silentUntil?: number): Promise<void>;
  /** All partitions announced and not yet forgotten. Strongly consistent. */
  list(lane: string): Promise<QueueEntry[]>;
  /** Forgets a partition unless it has been announced again since `entry` was read. */
  forget(entry: QueueEntry): Promise<void>;
  /** Moves what a function of an earlier release has announced elsewhere to where `list` finds it. */
  adoptEarlier(lane: string): Promise<void>;
}

/** A request that waits, as the backlog shows it. */
export interface Announced {
  request_id: string;
  generation: number;
}

export interface QueueEntry {
  backlog_key: string;
  /** Epoch milliseconds of the last announcement. */
  announced_at: number;
  /** Random, of the last announcement: two in the same millisecond differ. */
  nonce: string;
  /** Absent in what earlier releases wrote. */
  about?: Announced;
  /** Until then, epoch milliseconds, more may be written there without a word. Absent: that is not known, as an earlier release wrote it. */
  silent_until?: number;
}

export interface RegisteredLane {
  lane: string;
  /** An example of what is called there, for those who look. */
  model_id: string;
  /** Epoch milliseconds, of the last time. Absent: an earlier release registered it. */
  registered_at?: number;
}

/** Which lanes there are, and which there were: reports name them for as long as their rows are kept. */
export interface LaneRegistry {
  /** Idempotent. */
  register(lane: string, modelId: string, now: number): Promise<void>;
  list(): Promise<RegisteredLane[]>;
}

/** A lane as a producer-side function sees it. */
export interface LaneStatus {
  /** Epoch milliseconds until which a leader holds the lane; absent or past: it has no leader. */
  lease_until?: number;
  asleep?: boolean;
  woken_at?: number;
  /** When somebody last tried to take it from its leader, and has not got it yet. */
  challenged_at?: number;
  limits?: Limits;
  figures?: LaneFigures;
}

/** How a lane does, as its leader last saw it. */
export interface LaneFigures {
  /** Releases that have not ended. */
  unfinished: number;
  /** Workers that they take. */
  bundles?: number;
  /** Work waits. */
  waiting?: boolean;
  /** Use of the limit that binds, 1 is all of it. */
  utilisation: number;
  /** What is ours of the limits; the rest is somebody else's, as far as throttles tell. */
  share: number;
  /** Limits in use that neither a variable nor Service Quotas has confirmed. */
  assumed?: (keyof Limits)[];
  paused?: Paused;
  /** All but one in twenty requests that nothing keeps waiting start within this time, milliseconds. */
  start_ms?: number;
  /** Milliseconds by which what the minute gives falls behind an even flow, at worst: what went in a lump leaves in a lump. */
  behind_ms?: number;
  /** What has kept work waiting for most of the last while; absent when nothing has. */
  binds?: Binds;
  /** Work has waited, in a lane that was not paused, without a break since then, epoch milliseconds. */
  busy_since?: number;
  /** Minutes of the limits that the last minute has released, of which work waited all the time; absent otherwise. */
  pace?: number;
  backlog?: BacklogFigures;
  /** Tenants whose requests wait for their budgets and not for the lane: the first of them, as the state item has little room. */
  kept?: string[];
  /** How many of these, the first ones, have used up their budgets, so that their requests wait for the next day. */
  used_up?: number;
  /** Tenants whose calls fail while others are answered: their requests rest, and the first of them are named. */
  resting?: string[];
}

/**
 * What keeps work waiting that Bedrock's answers do not stop: a limit of the quota, or a variable of the stack that allows less
 * than the quota would.
 */
export interface Binds {
  by: keyof Limits | SettingThatBinds;
  /** Of a variable: its value, and by what to multiply it so that the quota would bind. */
  value?: number;
  factor?: number;
}

export type SettingThatBinds = 'max_concurrent_executions' | 'queue_depth_threshold' | 'minutes_to_process';

/** Why a lane releases nothing although work may wait. */
export type Paused = Trouble | 'operator' | 'no_quota';

/** What Bedrock does to a lane that stops it: it fails, denies access, or says that the day's tokens are used up. */
export type Trouble = 'failing' | 'denied' | 'daily_quota';

/** The side of sleep and wake that has work for the leader: ingestion, and invocation when a request goes back. */
export interface LaneWatch {
  /** Strongly consistent. Undefined: the lane has never been led or woken. */
  status(lane: string): Promise<LaneStatus | undefined>;
  /** Marks the lane as woken; true for one caller per `WAKE_INTERVAL_MS`, who must then wake a leader. */
  markWoken(lane: string, now: number): Promise<boolean>;
}

/** Starts prioritization for some lanes, now. */
export interface Waker {
  wake(lanes: string[]): Promise<void>;
}

/** The leader's side: a lease with a fencing token. */
export interface Leadership {
  /** Takes the lane when it has no leader, or one that is asleep; otherwise leaves a challenge, on which the leader hands over. */
  acquire(lane: string, holder: string, now: number, leaseUntil: number): Promise<Led | undefined>;
  /**
   * Writes what a successor must know. False: another leader has taken the lane, and nothing was written. A plan counts
   * once it is written, whatever happens to the lease: a successor reads it as it takes the lane, and no later one is accepted.
   */
  writePlan(led: Led, plan: string): Promise<boolean>;
  /** Writes what has been learned, which changes slowly and may be lost. Nothing is written once a successor has written its own. */
  writeEstimates(led: Led, estimates: string, now: number): Promise<void>;
  /** Renews the lease and shows how the lane does; a sleeping lane is awake again. After the first plan has been written. */
  renew(led: Led, shown: ShownLane, leaseUntil: number): Promise<'renewed' | 'challenged' | 'lost'>;
  /** Marks the lane asleep: anybody may take it, until the lease is renewed. It may be woken at once. Shows how it does. False when lost. */
  sleep(led: Led, shown: ShownLane): Promise<boolean>;
  /** Gives up a lane that is not asleep. */
  release(led: Led): Promise<void>;
}

export interface Led {
  lane: string;
  holder: string;
  token: number;
  /** The last written plan, of this leader or a predecessor. */
  plan?: string;
  /** What was last written of what the lane has learned, and when, epoch milliseconds. */
  estimates?: string;
  estimated_at?: number;
  /** What the last leader showed of the lane. */
  figures?: LaneFigures;
}

/** What others see of a lane: producers' requests are checked against its limits, and leaders share workers by its figures. */
export type ShownLane = Pick<LaneStatus, 'limits' | 'figures'>;

/** An operator has stopped a lane. */
export interface Pause {
  /** As the operator gave it; absent in what earlier releases wrote. */
  by?: string;
  /** Epoch milliseconds. */
  since?: number;
}

/** The operator's word about a lane. */
export interface LaneControl {
  /** Strongly consistent. Undefined: the lane is not paused. */
  pauseOf(lane: string): Promise<Pause | undefined>;
  /** Undefined resumes the lane. */
  setPause(lane: string, pause: Pause | undefined): Promise<void>;
}

/** What Service Quotas says about a lane's quota. */
export interface Quotas {
  /**
   * Applied values, then AWS's defaults; undefined when it does not know them. Rejects when it cannot be asked and nothing was known.
   * @param useMeanwhile is given what was known before, when an answer may take a while
   */
  limitsOf(lane: string, now: number, useMeanwhile?: (limits: Limits) => void): Promise<Limits | undefined>;
}

/** A lane's reports are in several partitions, of which a quiet lane uses the first alone: each costs a read. */
export type ReportPartition = 0 | typeof ANY_PARTITION;
export const ANY_PARTITION = undefined;

export interface CallReports {
  add(lane: string, slot: number, counters: Counters, partition?: ReportPartition): Promise<void>;
  /** Reports of `fromSlot` and later, in this partition or in all. */
  since(lane: string, fromSlot: number, partition?: ReportPartition): Promise<SlotTotals[]>;
}

/** Variables that do not fit a function's environment; Terraform writes them into the lanes table. */
export interface Settings {
  read(): Promise<LaneSettings>;
}

export interface LaneSettings {
  /** By model id, profile id or lane: overrides what Service Quotas says. */
  quota_overrides: Record<string, Limits>;
  tenant_weights: Record<string, number>;
  /** By priority; what is not named has its default. */
  priority_weights?: Record<string, number>;
  /** Names of the results queues besides the shared one. */
  results_queues?: string[];
  /** By ARN: the model id or system profile id that an application inference profile was made from. */
  application_inference_profiles?: Record<string, string>;
  /** By tenant and model or system profile id: the ARN of the tenant's own application inference profile of it. */
  tenant_inference_profiles?: Record<string, Record<string, string>>;
  tenant_budgets?: Record<string, TenantBudget>;
}
