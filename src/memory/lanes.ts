import type { BudgetAccount, BudgetAccounts } from '../core/lane/budgets.ts';
import { SLOT_MS } from '../core/lane/call-report.ts';
import type { Limits } from '../core/lane/catalog/limits.ts';
import { type Counters, sumOf, sumsBySlot } from '../core/lane/counters.ts';
import type {
  CallReports,
  LaneControl,
  LaneFigures,
  LaneRegistry,
  LaneStatus,
  LaneWatch,
  Leadership,
  Led,
  Pause,
  QueueDirectory,
  QueueEntry,
  RegisteredLane,
  ShownLane,
} from '../core/lane/ports.ts';
import { ANY_PARTITION, WAKE_INTERVAL_MS } from '../core/lane/ports.ts';
import { parseBacklogKey } from '../core/request/keys.ts';
import { definedOf } from './copies.ts';

/** Reports of slots this much older than the newest are forgotten, as their time to live does in the table. */
const REPORT_RETENTION_SLOTS = 600_000 / SLOT_MS;

export interface LaneState {
  token: number;
  holder?: string;
  lease_until?: number;
  asleep?: boolean;
  woken_at?: number;
  challenged_at?: number;
  plan?: string;
  estimates?: string;
  estimated_at?: number;
  limits?: Limits;
  figures?: LaneFigures;
}

export function createDirectory(): QueueDirectory {
  const lanes = new Map<string, Map<string, QueueEntry>>();
  let announcements = 0;
  return {
    async announce(backlogKey, now, announced, silentUntil) {
      const entries = inserted(lanes, parseBacklogKey(backlogKey).lane, () => new Map());
      announcements++;
      const standing = entries.get(backlogKey);
      const isLate = standing !== undefined && standing.announced_at > now;
      const about = announced && { request_id: announced.request_id, generation: announced.generation };
      const silences = [standing?.silent_until, silentUntil].filter((it) => it !== undefined);
      entries.set(backlogKey, {
        ...{ backlog_key: backlogKey, nonce: `a${announcements}` },
        announced_at: isLate ? standing.announced_at : now,
        ...(about && !isLate && { about }),
        silent_until: isLate ? Math.max(...silences) : (silences.at(-1) ?? now),
      });
    },
    async list(lane) {
      return [...(lanes.get(lane)?.values() ?? [])].map((entry) => ({ ...entry }));
    },
    async forget({ backlog_key, nonce }) {
      const entries = lanes.get(parseBacklogKey(backlog_key).lane);
      if (entries?.get(backlog_key)?.nonce === nonce) entries.delete(backlog_key);
    },
    async adoptEarlier() {},
  };
}

export function createRegistry(): LaneRegistry {
  const lanes = new Map<string, RegisteredLane>();
  return {
    async register(lane, modelId, now) {
      lanes.set(lane, { lane, model_id: modelId, registered_at: now });
    },
    async list() {
      return [...lanes.values()].map((it) => ({ ...it }));
    },
  };
}

/** Both sides of a lane's state: who leads it, and who wakes it. `states` is for looking at. */
export function createLaneStates(): {
  watch: LaneWatch;
  leadership: Leadership;
  states: Map<string, LaneState>;
} {
  const states = new Map<string, LaneState>();
  const stateOf = (lane: string) => inserted(states, lane, (): LaneState => ({ token: 0 }));
  const held = (led: Led) => {
    const state = states.get(led.lane);
    return state?.token === led.token ? state : undefined;
  };

  return {
    states,
    watch: {
      async status(lane) {
        const state = states.get(lane);
        if (!state) return undefined;
        const { lease_until, asleep, woken_at, challenged_at, limits, figures } = state;
        return definedOf<LaneStatus>({
          lease_until,
          asleep,
          woken_at,
          challenged_at,
          limits: limits && { ...limits },
          figures,
        });
      },
      async markWoken(lane, now) {
        const state = stateOf(lane);
        if (state.woken_at !== undefined && state.woken_at > now - WAKE_INTERVAL_MS) return false;
        state.woken_at = now;
        return true;
      },
    },
    leadership: {
      async acquire(lane, holder, now, leaseUntil) {
        const state = stateOf(lane);
        const free = state.lease_until === undefined || state.lease_until <= now || state.asleep === true;
        if (!free && state.holder !== holder) {
          state.challenged_at = now;
          return undefined;
        }
        Object.assign(state, { token: state.token + 1, holder, lease_until: leaseUntil });
        delete state.asleep;
        delete state.challenged_at;
        const { token, plan, estimates, estimated_at, figures } = state;
        return definedOf<Led>({ lane, holder, token, plan, estimates, estimated_at, figures });
      },
      async writePlan(led, plan) {
        const state = held(led);
        if (state) state.plan = plan;
        return state !== undefined;
      },
      async writeEstimates(led, estimates, now) {
        const state = held(led);
        if (state) Object.assign(state, { estimates, estimated_at: now });
      },
      async renew(led, shown, leaseUntil) {
        const state = held(led);
        if (!state) return 'lost';
        Object.assign(state, { lease_until: leaseUntil }, copyOfShown(shown));
        delete state.asleep;
        return state.challenged_at === undefined ? 'renewed' : 'challenged';
      },
      async sleep(led, shown) {
        const state = held(led);
        if (state === undefined) return false;
        Object.assign(state, { asleep: true }, copyOfShown(shown));
        delete state.woken_at;
        return true;
      },
      async release(led) {
        const state = held(led);
        if (state) state.lease_until = 0;
      },
    },
  };
}

function copyOfShown({ limits, figures }: ShownLane): ShownLane {
  return definedOf({ limits: limits && definedOf(limits), figures });
}

export function createControl(): LaneControl {
  const paused = new Map<string, Pause>();
  return {
    async pauseOf(lane) {
      return paused.get(lane);
    },
    async setPause(lane, pause) {
      if (pause === undefined) paused.delete(lane);
      else paused.set(lane, pause);
    },
  };
}

export function createBudgets(): BudgetAccounts {
  const days = new Map<string, Map<string, BudgetAccount>>();
  return {
    async read(day, tenant) {
      return structuredClone(days.get(day)?.get(tenant));
    },
    async write(day, tenant, account) {
      const tenants = inserted(days, day, () => new Map<string, BudgetAccount>());
      if ((tenants.get(tenant)?.version ?? 0) !== account.version - 1) return false;
      tenants.set(tenant, structuredClone(account));
      return true;
    },
    async list(day) {
      return structuredClone([...(days.get(day) ?? [])].map(([tenant, account]) => ({ tenant, account })));
    },
  };
}

/** In as many partitions as show when a report is looked for in another one. */
const PARTITIONS = [0, 1] as const;

export function createCallReports(): CallReports {
  const lanes = new Map<string, Map<number, Counters>>();
  let spread = 0;
  return {
    async add(lane, slot, counters, partition = PARTITIONS[spread++ % PARTITIONS.length]) {
      const slots = inserted(lanes, `${lane}|${partition}`, () => new Map<number, Counters>());
      slots.set(slot, sumOf(slots.get(slot) ?? {}, counters));
      for (const old of slots.keys()) {
        if (old >= slot - REPORT_RETENTION_SLOTS) break;
        slots.delete(old);
      }
    },
    async since(lane, fromSlot, partition) {
      const found: [slot: number, counters: Counters][] = [];
      for (const one of partition === ANY_PARTITION ? PARTITIONS : [partition]) {
        for (const entry of lanes.get(`${lane}|${one}`) ?? []) if (entry[0] >= fromSlot) found.push(entry);
      }
      return sumsBySlot(found);
    },
  };
}

function inserted<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}
