import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contains,
  differenceOf,
  intersectionOf,
  lengthOf,
  unionOf,
} from '../../../src/lab/bench/intervals.ts';

const intervals = fc.array(
  fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 8 })).map(([from, length]) => ({ from, to: from + length })),
  { maxLength: 6 },
);

describe('intervals', () => {
  it('are sets of instants', () => {
    fc.assert(
      fc.property(intervals, intervals, (some, others) => {
        const a = unionOf(some);
        const b = unionOf(others);
        let length = 0;
        for (let instant = 0; instant < 30; instant++) {
          const inA = contains(some, instant);
          const inB = contains(others, instant);
          expect(contains(a, instant)).toBe(inA);
          expect(contains(intersectionOf(a, b), instant)).toBe(inA && inB);
          expect(contains(differenceOf(a, b), instant)).toBe(inA && !inB);
          if (inA) length += 1;
        }
        expect(lengthOf(a)).toBe(length);
      }),
    );
  });
});
