import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  NoSuchResourceException,
  paginateListAWSDefaultServiceQuotas,
  paginateListServiceQuotas,
  type ServiceQuota,
  type ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { type QuotaCodes, quotaCodesOf } from '../../core/lane/catalog/catalog.ts';
import type { Limits } from '../../core/lane/catalog/limits.ts';
import type { Quotas } from '../../core/lane/ports.ts';
import { LaneItems } from '../dynamodb/lane-items.ts';
import { quotaKey } from '../dynamodb/lane-keys.ts';
import { quotaIn } from './quota-names.ts';

/** How long what Service Quotas has said is believed. */
export const QUOTA_AGE_MS = 3_600_000;

interface Known {
  limits: Limits;
  read_at: number;
}

const SERVICE = { ServiceCode: 'bedrock' };
const PAGE_SIZE = 100;

/**
 * Quotas by their codes where the catalog knows them, and by their names where it does not or the code is gone. Answers are
 * kept in the lanes table for an hour, and the lists for all lanes of this process: an account may ask Service Quotas five
 * times a second. While it does not answer, or fails, what was known before still counts.
 */
export function serviceQuotas(client: ServiceQuotasClient, dynamo: DynamoDBClient, table: string): Quotas {
  const items = new LaneItems(dynamo, table);
  const listed = quotaLists(client);
  return {
    async limitsOf(lane, now, useMeanwhile) {
      const known = (await items.read(quotaKey(lane), ['limits', 'read_at'])) as Known | undefined;
      if (known !== undefined && known.read_at + QUOTA_AGE_MS > now) return known.limits;
      if (known !== undefined) useMeanwhile?.(known.limits);
      try {
        const list: QuotaList = (applied) => listed(applied, now);
        const [requests, tokens] = await Promise.all([
          quotaOf(client, lane, 'requests', list),
          quotaOf(client, lane, 'tokens', list),
        ]);
        const limits: Limits = {
          ...(requests !== undefined && { requests_per_minute: requests }),
          ...(tokens !== undefined && { tokens_per_minute: tokens }),
        };
        await items.update(quotaKey(lane), {
          update: 'SET #limits = :limits, #read_at = :read_at',
          values: { limits, read_at: now },
        });
        return limits;
      } catch (error) {
        if (known === undefined) throw error;
        return known.limits;
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
  const byCode = await valueByCode(client, quotaCodesOf(lane)?.[unit]);
  return byCode ?? quotaIn(await listed(true), lane, unit) ?? quotaIn(await listed(false), lane, unit);
}

async function valueByCode(
  client: ServiceQuotasClient,
  QuotaCode: string | undefined,
): Promise<number | undefined> {
  if (QuotaCode === undefined) return undefined;
  const quota = { ...SERVICE, QuotaCode };
  const applied = await unlessMissing(client.send(new GetServiceQuotaCommand(quota)));
  if (applied?.Quota?.Value !== undefined) return applied.Quota.Value;
  const byDefault = await unlessMissing(client.send(new GetAWSDefaultServiceQuotaCommand(quota)));
  return byDefault?.Quota?.Value;
}

/** All of Bedrock's quotas, several pages: each list is read when it is first asked for, and again after an hour. */
function quotaLists(client: ServiceQuotasClient): (applied: boolean, now: number) => Promise<ServiceQuota[]> {
  const settings = { client, pageSize: PAGE_SIZE };
  const lists = new Map<boolean, { readAt: number; quotas: Promise<ServiceQuota[]> }>();
  return (applied, now) => {
    const last = lists.get(applied);
    if (last !== undefined && now < last.readAt + QUOTA_AGE_MS) return last.quotas;
    const pages = applied
      ? paginateListServiceQuotas(settings, SERVICE)
      : paginateListAWSDefaultServiceQuotas(settings, SERVICE);
    const quotas = readAll(pages);
    quotas.catch(() => lists.delete(applied));
    lists.set(applied, { readAt: now, quotas });
    return quotas;
  };
}

async function readAll(pages: AsyncIterable<{ Quotas?: ServiceQuota[] }>): Promise<ServiceQuota[]> {
  const quotas: ServiceQuota[] = [];
  for await (const { Quotas = [] } of pages) quotas.push(...Quotas);
  return quotas;
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NoSuchResourceException) return undefined;
    throw error;
  }
}
