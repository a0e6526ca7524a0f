import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  NoSuchResourceException,
  paginateListAWSDefaultServiceQuotas,
  paginateListServiceQuotas,
  type ServiceQuota,
  type ServiceQuotasClient,
  TooManyRequestsException,
} from '@aws-sdk/client-service-quotas';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type QuotaCodes, quotaCodesOf } from '../../core/lane/catalog/catalog.ts';
import type { Limits } from '../../core/lane/catalog/limits.ts';
import type { Quotas } from '../../core/lane/ports.ts';
import { itemOf } from '../dynamodb/expressions.ts';
import { quotaKey } from '../dynamodb/lane-keys.ts';
import { isQuotaOf } from './quota-names.ts';

/** How long what Service Quotas has said is believed. */
export const QUOTA_AGE_MS = 3_600_000;

interface Known {
  limits: Limits;
  read_at: number;
}

const SERVICE = { ServiceCode: 'bedrock' };
const PAGE_SIZE = 100;

/**
 * Quotas by their codes where the catalog knows them, by their names otherwise, kept in the lanes table for an hour: Service Quotas allows five questions a second in an
 * account, whoever asks. When it throttles, what was known before still counts.
 */
export function serviceQuotas(client: ServiceQuotasClient, dynamo: DynamoDBClient, table: string): Quotas {
  return {
    async limitsOf(lane, now) {
      const known = await read(dynamo, table, lane);
      if (known !== undefined && known.read_at + QUOTA_AGE_MS > now) return known.limits;
      try {
        const listed = quotaList(client);
        const [requests, tokens] = await Promise.all([
          quotaOf(client, lane, 'requests', listed),
          quotaOf(client, lane, 'tokens', listed),
        ]);
        const limits: Limits = {
          ...(requests !== undefined && { requests_per_minute: requests }),
          ...(tokens !== undefined && { tokens_per_minute: tokens }),
        };
        await write(dynamo, table, lane, { limits, read_at: now });
        return limits;
      } catch (error) {
        if (error instanceof TooManyRequestsException) return known?.limits;
        throw error;
      }
    },
  };
}

type QuotaList = (applied: boolean) => Promise<ServiceQuota[]>;

/** The applied value; AWS's default where none is applied; undefined where there is no such quota. */
async function quotaOf(
  client: ServiceQuotasClient,
  lane: string,
  unit: keyof QuotaCodes,
  listed: QuotaList,
): Promise<number | undefined> {
  const QuotaCode = quotaCodesOf(lane)?.[unit];
  if (QuotaCode === undefined) {
    return (await namedIn(listed(true), lane, unit)) ?? namedIn(listed(false), lane, unit);
  }
  const quota = { ...SERVICE, QuotaCode };
  const applied = await unlessMissing(client.send(new GetServiceQuotaCommand(quota)));
  if (applied?.Quota?.Value !== undefined) return applied.Quota.Value;
  const byDefault = await unlessMissing(client.send(new GetAWSDefaultServiceQuotaCommand(quota)));
  return byDefault?.Quota?.Value;
}

async function namedIn(
  quotas: Promise<ServiceQuota[]>,
  lane: string,
  unit: keyof QuotaCodes,
): Promise<number | undefined> {
  return (await quotas).find(({ QuotaName = '' }) => isQuotaOf(QuotaName, lane, unit))?.Value;
}

/** All of Bedrock's quotas, several pages: each list is read once, when it is first asked for. */
function quotaList(client: ServiceQuotasClient): QuotaList {
  const read = async (pages: AsyncIterable<{ Quotas?: ServiceQuota[] }>) => {
    const quotas: ServiceQuota[] = [];
    for await (const { Quotas = [] } of pages) quotas.push(...Quotas);
    return quotas;
  };
  const settings = { client, pageSize: PAGE_SIZE };
  let applied: Promise<ServiceQuota[]> | undefined;
  let byDefault: Promise<ServiceQuota[]> | undefined;
  return (wantApplied) => {
    if (wantApplied) applied ??= read(paginateListServiceQuotas(settings, SERVICE));
    else byDefault ??= read(paginateListAWSDefaultServiceQuotas(settings, SERVICE));
    return (wantApplied ? applied : byDefault) ?? Promise.resolve([]);
  };
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NoSuchResourceException) return undefined;
    throw error;
  }
}

async function read(client: DynamoDBClient, table: string, lane: string): Promise<Known | undefined> {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: table, Key: itemOf(quotaKey(lane)), ConsistentRead: true }),
  );
  return Item && (unmarshall(Item) as Known);
}

async function write(client: DynamoDBClient, table: string, lane: string, known: Known): Promise<void> {
  await client.send(
    new UpdateItemCommand({
      TableName: table,
      Key: itemOf(quotaKey(lane)),
      UpdateExpression: 'SET #limits = :limits, #read_at = :read_at',
      ExpressionAttributeNames: { '#limits': 'limits', '#read_at': 'read_at' },
      ExpressionAttributeValues: itemOf({ ':limits': known.limits, ':read_at': known.read_at }),
    }),
  );
}
