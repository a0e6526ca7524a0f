import { DynamodbTable, type DynamodbTableConfig } from '@cdktf/provider-aws/lib/dynamodb-table';
import { DynamodbTableItem } from '@cdktf/provider-aws/lib/dynamodb-table-item';
import { Fn, Op, ref, Token } from 'cdktf';
import type { Construct } from 'constructs';
import { keysOf, TABLES, type Table } from '../core/layout/tables.ts';
import { type Context, nameOf } from './context.ts';

export interface Tables {
  requests: DynamodbTable;
  lanes: DynamodbTable;
  reporting: DynamodbTable;
  batches: DynamodbTable;
}

export function defineTables(scope: Construct, context: Context): Tables {
  const requests = new DynamodbTable(scope, 'requests', {
    ...common(context, 'requests'),
    streamEnabled: true,
    streamViewType: 'NEW_IMAGE',
  });
  const lanes = new DynamodbTable(scope, 'lanes', common(context, 'lanes'));
  // The rows of a lane and minute share a partition: a report of an hour takes sixty queries, and writes spread over shards.
  const reporting = new DynamodbTable(scope, 'reporting', common(context, 'reporting'));
  const batches = new DynamodbTable(scope, 'batches', common(context, 'batches'));
  storeSettings(scope, context, lanes);
  return { requests, lanes, reporting, batches };
}

function common(context: Context, name: keyof typeof TABLES) {
  const table: Table = TABLES[name];
  const indexes = Object.entries(table.indexes).map(([name, { partition, sort, attributes }]) => ({
    name,
    hashKey: partition.name,
    rangeKey: sort.name,
    projectionType: 'INCLUDE',
    nonKeyAttributes: [...attributes],
  }));
  return {
    name: nameOf(context, name),
    hashKey: table.partition.name,
    rangeKey: table.sort?.name,
    attribute: keysOf(table),
    globalSecondaryIndex: indexes.length > 0 ? indexes : undefined,
    ttl: { attributeName: 'expires_at', enabled: true },
    billingMode: 'PAY_PER_REQUEST',
    // With the key that AWS manages: its use shows in CloudTrail, and callers need no permission on it.
    serverSideEncryption: { enabled: true },
    pointInTimeRecovery: { enabled: true },
    deletionProtectionEnabled: Token.asAny(Op.not(context.variables.force_destroy.value)),
  } satisfies DynamodbTableConfig;
}

/** The variable with its numbers as numbers: in a map with texts, all values are texts. */
const TENANT_BUDGETS =
  '{for tenant, budget in var.tenant_budgets : tenant => {tokens_per_day = try(tonumber(budget.tokens_per_day), null), usd_per_day = try(tonumber(budget.usd_per_day), null), at_limit = try(budget.at_limit, null)}}';

/** Maps do not fit into a function's 4 KB environment, so ingestion and prioritization read them from here. */
function storeSettings(scope: Construct, { variables }: Context, lanes: DynamodbTable): void {
  const settings = Fn.jsonencode({
    quota_overrides: variables.quota_overrides.value,
    tenant_weights: variables.tenant_weights.value,
    priority_weights: variables.priority_weights.value,
    application_inference_profiles: variables.application_inference_profiles.value,
    tenant_inference_profiles: variables.tenant_inference_profiles.value,
    tenant_budgets: ref(TENANT_BUDGETS),
    results_queues: variables.results_queues.value,
  });
  new DynamodbTableItem(scope, 'settings', {
    tableName: lanes.name,
    hashKey: lanes.hashKey,
    rangeKey: lanes.rangeKey,
    item: Fn.jsonencode({ lane: { S: 'settings' }, item: { S: 'variables' }, json: { S: settings } }),
  });
}
