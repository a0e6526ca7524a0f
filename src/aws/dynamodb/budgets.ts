import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { BudgetAccount, BudgetAccounts } from '../../core/lane/budgets.ts';
import { LaneItems } from './lane-items.ts';
import { budgetsPartition } from './lane-keys.ts';

/** Accounts are kept a little longer than their day, for those who look. */
const RETENTION_DAYS = 8;

/** An item for each tenant and day, with all that lanes have taken of its budget. */
export function dynamoBudgets(client: DynamoDBClient, table: string): BudgetAccounts {
  const items = new LaneItems(client, table);
  return {
    async read(day, tenant) {
      const found = await items.read({ lane: budgetsPartition(day), item: tenant }, ['account']);
      return found && (JSON.parse(String(found.account)) as BudgetAccount);
    },

    async write(day, tenant, account) {
      const written = await items.update(
        { lane: budgetsPartition(day), item: tenant },
        {
          update: 'SET #version = :version, #account = :account, #expires_at = :expires_at',
          condition: account.version === 1 ? 'attribute_not_exists(#version)' : '#version = :before',
          values: {
            version: account.version,
            account: JSON.stringify(account),
            expires_at: Date.parse(day) / 1_000 + RETENTION_DAYS * 86_400,
            ...(account.version > 1 && { before: account.version - 1 }),
          },
        },
      );
      return written !== undefined;
    },

    async list(day) {
      const accounts = await items.all(budgetsPartition(day));
      return accounts.map(({ item, account }) => ({ tenant: item, account: JSON.parse(account) }));
    },
  };
}
