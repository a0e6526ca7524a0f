import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backlogFigures,
  type LineFigures,
  requestsIn,
  tokensIn,
} from '../../../src/core/lane/backlog-figures.ts';
import type { Priority } from '../../../src/core/request/record.ts';

const NOW = 1_800_000_000_000;
/** What the lane's state item has room for beside its other attributes: it stays below 1 KiB. */
const MOST_BYTES = 600;

const line = fc
  .record({
    priority: fc.constantFrom<Priority>(1, 2, 3, 4, 5),
    tenant: fc.string({ minLength: 1, maxLength: 64, unit: fc.constantFrom(...'abcXYZ019._-') }),
    requests: fc.integer({ min: 1, max: 5_000_000 }),
    charge: fc.integer({ min: 1, max: 200_000 }),
  })
  .map(
    ({ priority, tenant, requests, charge }): LineFigures => [
      ...([priority, tenant, requests, charge, 12_345.6] as const),
    ],
  );
const lines = fc.uniqueArray(line, {
  selector: ([priority, tenant]) => `${priority}|${tenant}`,
  maxLength: 300,
});

describe('what a leader tells of its backlog', () => {
  it('is all of it, however many lines there are', () => {
    fc.assert(
      fc.property(lines, (all) => {
        const told = backlogFigures(NOW, 0, all);
        expect(requestsIn(told)).toBe(all.reduce((sum, [, , requests]) => sum + requests, 0));
        expect(tokensIn(told)).toBe(all.reduce((sum, [, , requests, charge]) => sum + requests * charge, 0));
      }),
    );
  });

  it('fits into the state of the lane', () => {
    fc.assert(
      fc.property(lines, (all) => {
        const text = JSON.stringify(backlogFigures(NOW, 1_000_000, all));
        // DynamoDB stores a number of n digits in about n / 2 bytes, and adds one to each element.
        const bytes = text.replaceAll(/\d{2}/g, '0').length;
        expect(bytes).toBeLessThan(MOST_BYTES);
      }),
    );
  });
});
