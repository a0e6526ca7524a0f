import { describe, expect, it } from 'vitest';
import { adjusted, noticedOf, type Standing } from '../../../src/core/budgets/account.ts';
import { type BudgetAccount, limitOf } from '../../../src/core/lane/budgets.ts';

const TOKENS = limitOf({ tokens_per_day: 800 });
const amount = (tokens: number, nano_usd = 0) => ({ tokens, nano_usd });
const NOTHING = amount(0);

function standing(fields: Partial<Standing>): Standing {
  return { lane: 'a', token: 1, used: NOTHING, spent: NOTHING, ...fields };
}

function accountAfter(
  account: BudgetAccount | undefined,
  fields: Partial<Standing>,
  limit = TOKENS,
): BudgetAccount {
  const next = adjusted(account, standing(fields), limit);
  if (next === undefined) throw new Error('Another leader has the lane');
  return next.account;
}

describe('a lane', () => {
  it('takes an eighth of what is left, or what it needs', () => {
    expect(accountAfter(undefined, { needs: amount(10) }).lanes.a?.held).toEqual(amount(100));
    expect(accountAfter(undefined, { needs: amount(300) }).lanes.a?.held).toEqual(amount(300));
    const others = accountAfter(undefined, { lane: 'b', needs: amount(400) });
    expect(accountAfter(others, { used: amount(80), needs: amount(10) }).lanes.a?.held).toEqual(
      amount(80 + 40),
    );
  });

  it('takes nothing when less is left than it needs, and says whether the rest is only held or spent', () => {
    const held = accountAfter(undefined, { lane: 'b', needs: amount(600) });
    expect(accountAfter(held, { needs: amount(300) }).lanes.a).toEqual({
      token: 1,
      held: NOTHING,
      spent: NOTHING,
      lacks: 'reserved',
    });
    const spent = accountAfter(undefined, { lane: 'b', used: amount(600), spent: amount(600) });
    expect(accountAfter(spent, { needs: amount(300) }).lanes.a?.lacks).toBe('used_up');
  });

  it('gives back what it does not use when nothing waits, or when it is left', () => {
    const taken = accountAfter(undefined, { needs: amount(100) });
    expect(accountAfter(taken, { used: amount(30) }).lanes.a?.held).toEqual(amount(30));
    expect(accountAfter(taken, { used: amount(30), needs: amount(10), leaves: true }).lanes.a).toEqual({
      token: 1,
      held: amount(30),
      spent: NOTHING,
    });
  });

  it('keeps what something smaller waits for, when a larger request is not covered, unless the budget has become smaller', () => {
    const taken = accountAfter(undefined, { needs: amount(100) });
    const larger = { used: amount(30), needs: amount(790), keeps: true };
    expect(accountAfter(taken, larger).lanes.a).toMatchObject({ held: amount(100), lacks: 'reserved' });
    expect(accountAfter(taken, { ...larger, keeps: false }).lanes.a?.held).toEqual(amount(30));
    expect(accountAfter(taken, larger, limitOf({ tokens_per_day: 50 })).lanes.a?.held).toEqual(amount(50));
    expect(accountAfter(taken, larger, limitOf({ tokens_per_day: 20 })).lanes.a?.held).toEqual(amount(30));
    expect(accountAfter(taken, { ...larger, leaves: true }).lanes.a?.held).toEqual(amount(30));
  });

  it('is written by its last leader only', () => {
    const next = accountAfter(undefined, { token: 2, needs: amount(100) });
    expect(adjusted(next, standing({ token: 1 }), TOKENS)).toBeUndefined();
    expect(adjusted(next, standing({ token: 3 }), TOKENS)).toBeDefined();
  });

  it('keeps within tokens and dollars, whichever is less', () => {
    const both = limitOf({ tokens_per_day: 800, usd_per_day: 0.000_000_4 });
    expect(accountAfter(undefined, { needs: amount(100, 401) }, both).lanes.a?.lacks).toBe('used_up');
    expect(accountAfter(undefined, { needs: amount(801, 100) }, both).lanes.a?.lacks).toBe('used_up');
    expect(accountAfter(undefined, { needs: amount(100, 100) }, both).lanes.a?.held).toEqual(
      amount(100, 100),
    );
  });
});

describe('notice', () => {
  it('is given again, and a budget counts as used up no more, once it has been raised', () => {
    const all = { used: amount(800), spent: amount(800), needs: amount(10) };
    const usedUp = accountAfter(undefined, all);
    expect(noticedOf(usedUp, TOKENS)).toBe(100);
    const raised = limitOf({ tokens_per_day: 1_000 });
    expect(noticedOf(usedUp, raised)).toBe(0);
    const next = adjusted(usedUp, standing(all), raised);
    expect(next?.notice).toBe(80);
    expect(noticedOf(next?.account ?? usedUp, raised)).toBe(80);
    // As earlier releases wrote it.
    expect(noticedOf({ version: 1, lanes: {}, noticed: 100 }, raised)).toBe(100);
  });

  it('is given once at 80 per cent of what is spent, and once when the rest does not cover a request', () => {
    const notices: (number | undefined)[] = [];
    let account: BudgetAccount | undefined;
    for (const fields of [
      { spent: amount(639) },
      { spent: amount(640) },
      { spent: amount(700) },
      { spent: amount(700), needs: amount(101) },
      { spent: amount(750), needs: amount(101) },
    ]) {
      const next = adjusted(account, standing({ used: fields.spent, ...fields }), TOKENS);
      notices.push(next?.notice);
      account = next?.account;
    }
    expect(notices).toEqual([undefined, 80, undefined, 100, undefined]);
  });

  it('of a budget of nothing says at once that it is used up', () => {
    const next = adjusted(undefined, standing({ needs: amount(1) }), limitOf({ tokens_per_day: 0 }));
    expect(next?.notice).toBe(100);
  });
});
