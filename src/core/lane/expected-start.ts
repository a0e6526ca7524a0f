/**
 * When waiting work is expected to start: the release engine shares the quota by weight between priorities, and between
 * tenants inside each, so what is ahead of a request flows off like water through shared pipes.
 */

import { ownOf } from '../request/own.ts';
import { PRIORITIES, type Priority } from '../request/record.ts';
import type { Limits } from './catalog/limits.ts';

/** In the worse case, so much of what the lane can do is done, and others send so many times as much. */
const WORSE_SPEED = 0.75;
const WORSE_INFLOW = 1.5;
/** What is idle starts within this time, or later where the leader has found that starts take longer. */
const START_MS = 1_000;
/** Where nobody leads the lane, a leader has to be started first. */
const COLD_START_MS = 2_000;

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
  /** What comes besides in a minute, in minutes of the whole lane; 0 unless given. */
  inflow?: number;
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

/** How the lane does now. */
export interface Pace {
  /** What it can use of its limits: 1 is all. */
  speed: number;
  /** By how much it falls behind an even flow in the coming minute, milliseconds; 0 unless given. */
  behindMs?: number;
  /** Minutes of the limits that the last minute has left, which go at once; 0 unless given. */
  free?: number;
  /** All but one in twenty requests that nothing keeps waiting start within this time; absent while it is not known. */
  startMs?: number;
  /** Absent means true. */
  isLed?: boolean;
}

/** What the lane is behind, for a request with so many ahead in its own line: the first urgent one finds room that was kept. */
export function behindFor(priority: Priority, ahead: number, behindMs = 0): number {
  return priority === PRIORITIES[0] && ahead === 0 ? 0 : behindMs;
}

/**
 * @param own what is ahead of the request in its own line
 * @param others what waits besides, or comes; Infinity where it is not known how much
 */
export function expectedStart(
  own: Flow,
  others: readonly Flow[],
  weights: Weights,
  { speed, behindMs = 0, free = 0, startMs = 0, isLed = true }: Pace,
): ExpectedStart {
  const cold = isLed ? 0 : COLD_START_MS;
  const first = Math.max(START_MS, startMs / 2) + cold;
  const minutes = minutesUntilServed(own, others, weights, speed);
  const goesAtOnce = minutes * speed <= free;
  const worse = others.map((flow) => ({ ...flow, inflow: (flow.inflow ?? 0) * WORSE_INFLOW }));
  return {
    p50: first + (goesAtOnce ? 0 : behindMs / 2 + 60_000 * minutes),
    p95: 2 * first + behindMs + 60_000 * minutesUntilServed(own, worse, weights, speed * WORSE_SPEED),
  };
}

/** Minutes after which all that is ahead has flowed off. */
export function minutesUntilServed(own: Flow, others: readonly Flow[], weights: Weights, speed = 1): number {
  const lineOf = ({ priority, tenant, minutes, inflow = 0 }: Flow): Line => {
    return { priority, minutes, inflow, weight: ownOf(weights.tenants, tenant) ?? 1, rate: 0 };
  };
  const mine = lineOf({ ...own, inflow: 0 });
  let theirs = others.map(lineOf).filter(isFlowing);
  let elapsed = 0;
  while (mine.minutes > 0) {
    setRates([mine, ...theirs], weights.priorities, speed);
    if (mine.rate <= 0) return Number.POSITIVE_INFINITY;
    let until = mine.minutes / mine.rate;
    for (const { minutes, rate, inflow } of theirs) {
      const drain = rate - inflow;
      if (minutes > 0 && drain > 0) until = Math.min(until, minutes / drain);
    }
    elapsed += until;
    mine.minutes -= until * mine.rate;
    if (mine.minutes <= Number.EPSILON * own.minutes) mine.minutes = 0;
    for (const line of theirs) {
      line.minutes += until * (line.inflow - line.rate);
      if (line.minutes < 1e-9) line.minutes = 0;
    }
    theirs = theirs.filter(isFlowing);
  }
  return elapsed;
}

/** A flow while it drains. */
interface Line {
  priority: Priority;
  minutes: number;
  inflow: number;
  /** Of its tenant. */
  weight: number;
  /** What it gets of the lane now. */
  rate: number;
}

function isFlowing({ minutes, inflow }: Line): boolean {
  return minutes > 0 || inflow > 0;
}

/**
 * Each line gets its share by weight, or what comes in it where nothing waits and that is less. What such a line leaves is shared
 * by the others.
 */
function setRates(lines: readonly Line[], priorities: Weights['priorities'], speed: number): void {
  let open = lines;
  let left = speed;
  for (;;) {
    const within = new Map<Priority, number>();
    for (const { priority, weight } of open) within.set(priority, (within.get(priority) ?? 0) + weight);
    let all = 0;
    for (const priority of within.keys()) all += priorities[priority];
    let content = 0;
    const others = open.filter((line) => {
      const { priority, minutes, inflow, weight } = line;
      const share = ((priorities[priority] / all) * weight) / (within.get(priority) ?? 1);
      line.rate = share * left;
      if (minutes > 0 || inflow > line.rate) return true;
      line.rate = inflow;
      content += inflow;
      return false;
    });
    if (others.length === open.length) return;
    left = Math.max(0, left - content);
    open = others;
  }
}
