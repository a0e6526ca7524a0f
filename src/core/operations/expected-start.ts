/**
 * When waiting work is expected to start: the release engine shares the quota by weight between priorities, and between
 * tenants inside each, so what is ahead of a request flows off like water through shared pipes.
 */
import type { Limits } from '../lane/catalog/limits.ts';
import type { Priority } from '../request/record.ts';

/** A lane with a backlog uses at least this part of what it may; where it uses less now, it may go on so. */
const LEAST_USED = 0.8;
const LEAST_OF_ALL = 0.1;
/** What is idle starts within this time. */
const START_MS = 1_000;

export interface Weights {
  priorities: Record<Priority, number>;
  /** By tenant; 1 where none is given. */
  tenants: Readonly<Record<string, number>>;
}

/** Work of one priority and tenant, in minutes of the whole lane. */
export interface Flow {
  priority: Priority;
  tenant: string;
  minutes: number;
}

export interface ExpectedStart {
  /** Milliseconds from now. */
  p50: number;
  p95: number;
}

/** The whole lane's minutes that this much work takes. Undefined: nothing is known of the lane's limits. */
export function laneMinutes(
  { requests, tokens }: { requests: number; tokens: number },
  { requests_per_minute: rpm, tokens_per_minute: tpm }: Limits,
): number | undefined {
  const minutes = [...(rpm ? [requests / rpm] : []), ...(tpm ? [tokens / tpm] : [])];
  return minutes.length === 0 ? undefined : Math.max(...minutes);
}

/**
 * @param own what is ahead of the request in its own line
 * @param others what waits besides; Infinity where it is not known how much
 * @param speed what the lane can use of its limits: 1 is all
 * @param used what it uses now, where the quota binds
 */
export function expectedStart(
  own: Flow,
  others: readonly Flow[],
  weights: Weights,
  speed: number,
  used = 1,
): ExpectedStart {
  const least = Math.min(LEAST_USED, Math.max(LEAST_OF_ALL, used));
  // In the worse case, whatever waits besides is never served up: more of it keeps coming.
  const endless = others.map((flow) => ({ ...flow, minutes: Number.POSITIVE_INFINITY }));
  return {
    p50: START_MS + (60_000 * minutesUntilServed(own, others, weights)) / speed,
    p95: 2 * START_MS + (60_000 * minutesUntilServed(own, endless, weights)) / (speed * least),
  };
}

/** Minutes after which all of these have flowed off. */
export function minutesUntilServed(own: Flow, others: readonly Flow[], weights: Weights): number {
  let mine = own.minutes;
  let rest = others.filter(({ minutes }) => minutes > 0);
  let elapsed = 0;
  while (mine > 0) {
    const rateOf = ratesAmong([own, ...rest], weights);
    const until = Math.min(mine / rateOf(own), ...rest.map((flow) => flow.minutes / rateOf(flow)));
    elapsed += until;
    const left = mine - until * rateOf(own);
    mine = left > Number.EPSILON * own.minutes ? left : 0;
    rest = rest
      .map((flow) => ({ ...flow, minutes: flow.minutes - until * rateOf(flow) }))
      .filter(({ minutes }) => minutes > 1e-9);
  }
  return elapsed;
}

/** The share of the lane that each line has while all of these wait. */
function ratesAmong(flows: readonly Flow[], { priorities, tenants }: Weights): (flow: Flow) => number {
  const weightOf = (tenant: string) => tenants[tenant] ?? 1;
  const lines = new Map<Priority, Set<string>>();
  for (const { priority, tenant } of flows) {
    lines.set(priority, (lines.get(priority) ?? new Set()).add(tenant));
  }
  const sumOf = (weightsOfAll: number[]) => weightsOfAll.reduce((sum, weight) => sum + weight, 0);
  const all = sumOf([...lines.keys()].map((priority) => priorities[priority]));
  const within = new Map(
    [...lines].map(([priority, names]) => [priority, sumOf([...names].map(weightOf))] as const),
  );
  return ({ priority, tenant }) =>
    ((priorities[priority] / all) * weightOf(tenant)) / (within.get(priority) ?? 1);
}
