import { DynamodbTable, type DynamodbTableConfig } from '@cdktf/provider-aws/lib/dynamodb-table';
import { DynamodbTableItem } from '@cdktf/provider-aws/lib/dynamodb-table-item';
import { Fn, Op, Token } from 'cdktf';
import type { Construct } from 'constructs';
import { type Context, nameOf } from './context.ts';

export interface Tables {
  requests: DynamodbTable;
  lanes: DynamodbTable;
  reporting: DynamodbTable;
}

/** What an index needs of a record besides its keys. Layout and reasons: docs/architecture.md. */
const BACKLOG_ATTRIBUTES = [
  'generation',
  'lane',
  'model_id',
  'priority',
  'tenant',
  'task',
  'accepted_at',
  'deadline_at',
  'input_tokens',
  'input_bytes',
  'max_tokens',
  'full_allowance',
  'failures',
];
const DUE_ATTRIBUTES = ['status', 'generation'];

export function defineTables(scope: Construct, context: Context): Tables {
  const requests = new DynamodbTable(scope, 'requests', {
    ...common(context, 'requests'),
    hashKey: 'request_id',
    attribute: [
      { name: 'request_id', type: 'S' },
      { name: 'backlog_key', type: 'S' },
      { name: 'backlog_order', type: 'N' },
      { name: 'due_key', type: 'S' },
      { name: 'due_at', type: 'N' },
    ],
    globalSecondaryIndex: [
      {
        name: 'backlog',
        hashKey: 'backlog_key',
        rangeKey: 'backlog_order',
        projectionType: 'INCLUDE',
        nonKeyAttributes: BACKLOG_ATTRIBUTES,
      },
      {
        name: 'due',
        hashKey: 'due_key',
        rangeKey: 'due_at',
        projectionType: 'INCLUDE',
        nonKeyAttributes: DUE_ATTRIBUTES,
      },
    ],
    streamEnabled: true,
    streamViewType: 'NEW_IMAGE',
    ttl: { attributeName: 'expires_at', enabled: true },
  });
  const lanes = new DynamodbTable(scope, 'lanes', {
    ...common(context, 'lanes'),
    hashKey: 'lane',
    rangeKey: 'item',
    attribute: [
      { name: 'lane', type: 'S' },
      { name: 'item', type: 'S' },
    ],
    ttl: { attributeName: 'expires_at', enabled: true },
  });
  // Row by row under one lane and minute: a report of an hour is sixty queries, and writes spread over shards.
  const reporting = new DynamodbTable(scope, 'reporting', {
    ...common(context, 'reporting'),
    hashKey: 'report_id',
    rangeKey: 'row',
    attribute: [
      { name: 'report_id', type: 'S' },
      { name: 'row', type: 'S' },
    ],
    ttl: { attributeName: 'expires_at', enabled: true },
  });
  storeSettings(scope, context, lanes);
  return { requests, lanes, reporting };
}

function common(context: Context, name: string) {
  return {
    name: nameOf(context, name),
    billingMode: 'PAY_PER_REQUEST',
    // The key that AWS manages: its use shows in CloudTrail, and callers need no permission on it.
    serverSideEncryption: { enabled: true },
    pointInTimeRecovery: { enabled: true },
    deletionProtectionEnabled: Token.asAny(Op.not(context.variables.force_destroy.value)),
  } satisfies DynamodbTableConfig;
}

/** Maps do not fit a function's 4 KB environment: ingestion and prioritization read them here. */
function storeSettings(scope: Construct, { variables }: Context, lanes: DynamodbTable): void {
  const settings = Fn.jsonencode({
    quota_overrides: variables.quota_overrides.value,
    tenant_weights: variables.tenant_weights.value,
    priority_weights: variables.priority_weights.value,
    application_inference_profiles: variables.application_inference_profiles.value,
  });
  new DynamodbTableItem(scope, 'settings', {
    tableName: lanes.name,
    hashKey: lanes.hashKey,
    rangeKey: lanes.rangeKey,
    item: Fn.jsonencode({ lane: { S: 'settings' }, item: { S: 'variables' }, json: { S: settings } }),
  });
}
