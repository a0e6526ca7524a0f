/** Sizes of answers are counted in buckets that grow by a fifth: bucket b holds sizes up to {@link sizeOfBucket}(b). */

const BUCKET_GROWTH = 1.2;

export function sizeBucketOf(tokens: number): number {
  return tokens <= 1 ? 0 : Math.ceil(Math.log(tokens) / Math.log(BUCKET_GROWTH) - 1e-9);
}

export function sizeOfBucket(bucket: number): number {
  return Math.ceil(BUCKET_GROWTH ** bucket);
}
