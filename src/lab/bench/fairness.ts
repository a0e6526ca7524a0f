/** How evenly tenants that compete were served. */

import { laneOf } from '../../core/lane/catalog/catalog.ts';
import type { QuotaLimits } from '../../local/bedrock/accounting.ts';
import { EventQueue } from '../simulation/event-queue.ts';
import type { Observation, SeenRequest } from '../simulation/observation.ts';
import { type Random, seededRandom } from '../simulation/random.ts';
import type { Interval } from '../simulation/virtual-bedrock.ts';
import type { SimulatedLane } from '../simulation/workload.ts';
import { contains, intersectionOf, unionOf } from './intervals.ts';

/** Tenants may be so many of the largest requests apart. */
const ALLOWED_REQUESTS = 2;

/** A request has to be in the index and meet a tick before anyone can serve it. */
const VISIBLE_AFTER_MS = 1_000;
/** One in so many walks of the fairest scheduler may go farther than allowed. */
const DRAWS = 20;
/** Of many tenants those with the most requests are compared: the others hardly ever compete. */
const COMPARED_TENANTS = 10;

/** In tokens of service: see {@link serviceOf}. */
export interface Fairness {
  gap: number;
  largest: number;
  /** What no scheduler can avoid that does not know how long answers are. */
  unknowable: number;
  /** The gap, of what is allowed: two largest requests, or the unknowable. */
  ratio: number;
}

export function fairnessOf(
  { modelId, limits }: SimulatedLane,
  { requests, calls, endedAt }: Observation,
): Fairness {
  const name = laneOf(modelId);
  const service = serviceOf(limits);
  const own = requests
    .filter(({ lane }) => lane === name)
    .map((it) => ({
      ...it,
      charge: it.charge === 0 ? 0 : service(it.charge),
      inputTokens: service(it.inputTokens),
    }));
  const largest = calls
    .filter(({ lane, foreign }) => lane === name && !foreign)
    .reduce((most, { reservation, charge }) => Math.max(most, service(Math.max(reservation, charge))), 0);
  const gap = Math.round(fairnessGap(own, endedAt));
  const unknowable = Math.round(unknowableGap(own));
  return { gap, largest, unknowable, ratio: gap / Math.max(ALLOWED_REQUESTS * largest, unknowable, 1) };
}

/** A request is served what it is charged, and its part of the quota of requests at least. */
function serviceOf({ requestsPerMinute, tokensPerMinute }: QuotaLimits): (tokens: number) => number {
  if (tokensPerMinute === undefined) return () => 1;
  const least = requestsPerMinute === undefined ? 0 : tokensPerMinute / requestsPerMinute;
  return (tokens) => Math.max(least, tokens);
}

/**
 * The largest gap of service between two tenants of one lane and priority: of all spans of time in which both had a
 * request waiting, the one in which one tenant was served most beyond the other. All tenants weigh the same. 0 when no
 * two tenants ever competed. `charge` of a request is its service, in whatever unit.
 */
export function fairnessGap(requests: readonly SeenRequest[], endedAt: number): number {
  let gap = 0;
  for (const rivals of groupBy(requests, ({ lane, priority }) => `${lane}|${priority}`).values()) {
    const tenants = [...groupBy(rivals, ({ tenant }) => tenant).values()]
      .sort((a, b) => b.length - a.length)
      .slice(0, COMPARED_TENANTS);
    const waiting = tenants.map((own) => waitingOf(own, endedAt));
    tenants.forEach((one, i) => {
      for (let j = i + 1; j < tenants.length; j++) {
        for (const span of intersectionOf(waiting[i] ?? [], waiting[j] ?? [])) {
          gap = Math.max(gap, gapWithin(span, one, tenants[j] ?? []));
        }
      }
    });
  }
  return gap;
}

/**
 * The gap that the fairest scheduler would leave that does not know how long answers are: at each release it serves
 * the tenant who is behind, counts the input and an average answer, and the real one when the call has ended. What
 * runs meanwhile is a walk of chance, and how far one walk goes is chance, too: the fairest scheduler would itself exceed
 * the length of a single one every other time. So the answered requests, in turns for two tenants who always compete,
 * are drawn in many orders, and the longest walk counts. The largest of all lanes and priorities.
 */
export function unknowableGap(requests: readonly SeenRequest[]): number {
  let largest = 0;
  for (const rivals of groupBy(requests, ({ lane, priority }) => `${lane}|${priority}`).values()) {
    if (groupBy(rivals, ({ tenant }) => tenant).size > 1) largest = Math.max(largest, longestWalk(rivals));
  }
  return largest;
}

interface Service {
  releasedAt: number;
  durationMs: number;
  inputTokens: number;
  /** What the answer was charged. */
  answer: number;
}

function longestWalk(requests: readonly SeenRequest[]): number {
  const answered = requests.flatMap(({ releasedAt, finishedAt, inputTokens, charge }) =>
    releasedAt === undefined || finishedAt === undefined || charge === 0
      ? []
      : [{ releasedAt, durationMs: finishedAt - releasedAt, inputTokens, answer: charge - inputTokens }],
  );
  answered.sort((a, b) => a.releasedAt - b.releasedAt);
  const random = seededRandom(answered.length);
  let longest = fairestGap(answered);
  for (let draw = 1; draw < DRAWS; draw++) {
    const order = shuffled(answered, random);
    const times = answered.map(({ releasedAt }) => releasedAt);
    longest = Math.max(longest, fairestGap(order.map((it, i) => ({ ...it, releasedAt: times[i] ?? 0 }))));
  }
  return longest;
}

/** The gap that one order of calls leaves. */
function fairestGap(answered: readonly Service[]): number {
  const average = answered.reduce((sum, { answer }) => sum + answer, 0) / Math.max(1, answered.length);
  const ends = new EventQueue();
  /** One's service less the other's: as the scheduler believes, and in truth. */
  let believed = 0;
  let ahead = 0;
  let most = 0;
  let least = 0;
  for (const { releasedAt, durationMs, inputTokens, answer } of answered) {
    while ((ends.nextAt ?? Number.POSITIVE_INFINITY) <= releasedAt) ends.take()?.();
    const sign = believed <= 0 ? 1 : -1;
    believed += sign * (inputTokens + average);
    ends.add(releasedAt + durationMs, () => {
      believed += sign * (answer - average);
    });
    ahead += sign * (inputTokens + answer);
    most = Math.max(most, ahead);
    least = Math.min(least, ahead);
  }
  return most - least;
}

/** The greatest rise or fall of one's service less the other's. Releases of one tick have no order. */
function gapWithin(span: Interval, one: readonly SeenRequest[], other: readonly SeenRequest[]): number {
  const steps = new Map<number, number>();
  const add = (requests: readonly SeenRequest[], sign: 1 | -1) => {
    for (const { releasedAt, charge } of requests) {
      if (releasedAt === undefined || !contains([span], releasedAt)) continue;
      steps.set(releasedAt, (steps.get(releasedAt) ?? 0) + sign * charge);
    }
  };
  add(one, 1);
  add(other, -1);
  let ahead = 0;
  let most = 0;
  let least = 0;
  for (const at of [...steps.keys()].sort((a, b) => a - b)) {
    ahead += steps.get(at) ?? 0;
    most = Math.max(most, ahead);
    least = Math.min(least, ahead);
  }
  return most - least;
}

/** When at least one of the requests waited. */
function waitingOf(requests: readonly SeenRequest[], until: number): Interval[] {
  return unionOf(
    requests.map(({ acceptedAt, firstReleasedAt, releasedAt }) => ({
      from: acceptedAt + VISIBLE_AFTER_MS,
      to: Math.min(firstReleasedAt ?? releasedAt ?? until, until),
    })),
  );
}

/** In a random order: Fisher and Yates. */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items];
  for (let left = order.length; left > 1; left--) {
    const other = Math.floor(random() * left);
    [order[left - 1], order[other]] = [order[other] as T, order[left - 1] as T];
  }
  return order;
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
