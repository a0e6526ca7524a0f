import { describe, expect, it } from 'vitest';
import { BudgetBook } from '../../../src/core/budgets/book.ts';
import { budgetCounters } from '../../../src/core/lane/budget-counters.ts';
import { slotOf } from '../../../src/core/lane/call-report.ts';

const LEASE_MS = 100_000;
const NOON = Date.parse('2026-11-26T12:00:00Z');
const amount = (tokens: number) => ({ tokens, nano_usd: 2 * tokens });

function bookWith(releases: number): BudgetBook {
  const book = new BudgetBook(LEASE_MS);
  book.turn(NOON);
  for (let release = 0; release < releases; release++) book.reserve(NOON, 'acme', amount(100));
  return book;
}

function reportOf(ended: number, spent: number) {
  const ends = { ended, reserved: amount(100 * ended), spent: amount(spent) };
  return { slot: slotOf(NOON), counters: budgetCounters('acme', ends) };
}

describe('a lane’s book', () => {
  it('holds what is reserved until calls end, and then what they have spent', () => {
    const book = bookWith(3);
    expect([book.used('acme'), book.spent('acme')]).toEqual([amount(300), amount(0)]);
    book.takeIn(NOON + 1_000, [reportOf(2, 50)]);
    expect([book.used('acme'), book.spent('acme')]).toEqual([amount(150), amount(50)]);
    // Totals: the same again, and then more of them.
    book.takeIn(NOON + 2_000, [reportOf(2, 50)]);
    book.takeIn(NOON + 3_000, [reportOf(3, 90)]);
    expect([book.used('acme'), book.spent('acme')]).toEqual([amount(90), amount(90)]);
    book.takeIn(NOON + 4_000, [reportOf(3, 90)]);
    expect(book.used('acme')).toEqual(amount(90));
  });

  it('holds nothing more for a release that is lost, once its lease has run out', () => {
    const book = bookWith(2);
    book.takeIn(NOON + 1_000, [reportOf(1, 40)]);
    book.takeIn(NOON + LEASE_MS, []);
    expect(book.used('acme')).toEqual(amount(140));
    book.takeIn(NOON + LEASE_MS + 1_000, []);
    expect(book.used('acme')).toEqual(amount(40));
  });

  it('counts once what is released in a slot of which calls have ended already', () => {
    const book = bookWith(1);
    book.takeIn(NOON + 200, [reportOf(1, 10)]);
    book.reserve(NOON + 300, 'acme', amount(100));
    book.takeIn(NOON + 400, [reportOf(1, 10)]);
    expect([book.used('acme'), book.spent('acme')]).toEqual([amount(110), amount(10)]);
    book.takeIn(NOON + 30_000, [reportOf(2, 70)]);
    expect([book.used('acme'), book.spent('acme')]).toEqual([amount(70), amount(70)]);
    book.takeIn(NOON + 31_000, [reportOf(2, 70)]);
    expect(book.spent('acme')).toEqual(amount(70));
  });

  it('takes back what was not released after all', () => {
    const book = bookWith(2);
    book.reserve(NOON, 'acme', amount(100), -1);
    expect(book.used('acme')).toEqual(amount(100));
    book.takeIn(NOON + 1_000, [reportOf(1, 40)]);
    expect(book.used('acme')).toEqual(amount(40));
  });

  it('begins a new page at midnight, UTC, in which what ran before is not counted', () => {
    const book = bookWith(2);
    expect(book.turn(NOON + 12 * 3_600_000 - 1)).toBe(false);
    expect(book.turn(NOON + 12 * 3_600_000)).toBe(true);
    book.takeIn(NOON + 12 * 3_600_000, [reportOf(2, 80)]);
    book.reserve(NOON, 'acme', amount(100), -1);
    expect(book.used('acme')).toEqual(amount(0));
  });

  it('does not turn back for a successor whose clock is behind: what it releases then counts today', () => {
    const midnight = NOON + 12 * 3_600_000;
    const book = bookWith(1);
    book.turn(midnight);
    book.reserve(midnight, 'acme', amount(100));
    const successor = new BudgetBook(LEASE_MS, JSON.parse(JSON.stringify(book.snapshot())));
    expect(successor.turn(midnight - 1_000)).toBe(false);
    successor.reserve(midnight - 1_000, 'acme', amount(100));
    expect(successor.turn(midnight + 1)).toBe(false);
    expect(successor.used('acme')).toEqual(amount(200));
  });

  it('is taken over by a successor, who reads the reports again', () => {
    const book = bookWith(3);
    book.takeIn(NOON + 1_000, [reportOf(2, 50)]);
    const successor = new BudgetBook(LEASE_MS, JSON.parse(JSON.stringify(book.snapshot())));
    expect(successor.turn(NOON)).toBe(false);
    successor.takeIn(NOON + 2_000, [reportOf(2, 50)]);
    expect([successor.used('acme'), successor.spent('acme')]).toEqual([amount(150), amount(50)]);
  });
});
