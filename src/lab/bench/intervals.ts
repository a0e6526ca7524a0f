/** Sets of instants, as sorted half-open intervals that do not touch. */
import type { Interval } from '../simulation/virtual-bedrock.ts';

export function unionOf(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  const union: Interval[] = [];
  for (const { from, to } of sorted) {
    const last = union.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else union.push({ from, to });
  }
  return union;
}

/** What both sets have. */
export function intersectionOf(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const common: Interval[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const left = a[i] as Interval;
    const right = b[j] as Interval;
    const from = Math.max(left.from, right.from);
    const to = Math.min(left.to, right.to);
    if (from < to) common.push({ from, to });
    if (left.to < right.to) i += 1;
    else j += 1;
  }
  return common;
}

/** What `a` has and `b` has not. */
export function differenceOf(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const gaps: Interval[] = [];
  let from = Number.NEGATIVE_INFINITY;
  for (const taken of unionOf(b)) {
    gaps.push({ from, to: taken.from });
    from = taken.to;
  }
  gaps.push({ from, to: Number.POSITIVE_INFINITY });
  return intersectionOf(a, gaps);
}

export function contains(intervals: readonly Interval[], instant: number): boolean {
  return intervals.some(({ from, to }) => from <= instant && instant < to);
}

export function lengthOf(intervals: readonly Interval[]): number {
  return intervals.reduce((total, { from, to }) => total + to - from, 0);
}
