import { describe, expect, it } from 'vitest';
import { RecentTenants } from '../../../../src/core/lane/engine/recent-tenants.ts';

describe('tenants that have had work lately', () => {
  it('are several until five minutes after the last but one had some', () => {
    const tenants = new RecentTenants();
    tenants.note(0, ['acme', 'shop']);
    tenants.note(200_000, ['acme']);
    expect([tenants.areSeveral(299_999), tenants.areSeveral(300_000)]).toEqual([true, false]);
  });

  it('are the two that had work last, for a successor too', () => {
    const tenants = new RecentTenants();
    tenants.note(0, ['a', 'b', 'c']);
    expect(tenants.snapshot()).toHaveLength(2);
    expect(new RecentTenants(JSON.parse(JSON.stringify(tenants.snapshot()))).areSeveral(1)).toBe(true);
  });
});
