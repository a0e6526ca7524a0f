/**
 * A distribution of durations as counts by logarithmic bucket: bucket b holds (γ^(b-1), γ^b] milliseconds, bucket 0
 * all up to one. Counts add, so sketches merge by addition, in any order, and no mean of percentiles is ever taken.
 * After Masson, Rim, Lee: "DDSketch", VLDB 2019.
 */

/** A percentile read from a sketch is within this share of the true one (durations of 1 ms and more). */
export const RELATIVE_ERROR = 0.05;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);

/** Count by bucket. */
export type Sketch = ReadonlyMap<number, number>;

export function bucketOf(milliseconds: number): number {
  return milliseconds <= 1 ? 0 : Math.ceil(Math.log(milliseconds) / Math.log(GAMMA));
}

/** Milliseconds: the point of a bucket whose relative distance to both its ends is the same. */
function middleOf(bucket: number): number {
  return bucket === 0 ? 1 : (2 * GAMMA ** bucket) / (GAMMA + 1);
}

/** The `share` quantile (0–1) in milliseconds, by nearest rank; undefined of nothing. */
export function quantileOf(sketch: Sketch, share: number): number | undefined {
  const total = [...sketch.values()].reduce((sum, count) => sum + count, 0);
  const rank = Math.max(1, Math.ceil(share * total));
  let below = 0;
  for (const [bucket, count] of [...sketch].sort(([a], [b]) => a - b)) {
    below += count;
    if (below >= rank) return middleOf(bucket);
  }
  return undefined;
}
