/** Service Quotas, for Bedrock's quotas only. Each has the value that the simulator enforces. */
import { createHash } from 'node:crypto';
import { isTokenMetered } from '../bedrock/models.ts';
import data from './bedrock-quotas.json' with { type: 'json' };
import { ServiceError } from './errors.ts';
import type { Service, ServiceAnswer } from './gateway.ts';
import { type GatewayRequest, jsonResponse } from './message.ts';
import type { Operation } from './operation.ts';

/** The Bedrock quotas of the account. */
export interface BedrockQuotas {
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  /** Ids of models and inference profiles that have quotas besides those with known codes. */
  models?: readonly string[];
}

interface Quota {
  QuotaCode: string;
  QuotaName: string;
  ServiceCode: 'bedrock';
  ServiceName: 'Amazon Bedrock';
  Value: number;
}

const LARGEST_PAGE = 100;
const KIND_OF_PREFIX: Record<string, string> = { global: 'Global cross-region' };
for (const geo of ['us', 'us-gov', 'eu', 'apac', 'jp', 'au', 'ca']) KIND_OF_PREFIX[geo] = 'Cross-region';

export class ServiceQuotasService implements Service {
  readonly #quotas: Quota[];

  constructor(account: BedrockQuotas) {
    const named = [...data.quotas, ...(account.models ?? []).flatMap(quotasOf)];
    const byName = new Map(named.map((quota) => [quota.name.toLowerCase(), quota]));
    // Where a name comes twice, AWS's own code counts.
    for (const quota of data.quotas) byName.set(quota.name.toLowerCase(), quota);
    this.#quotas = [...byName.values()].flatMap(({ code, name }) => {
      const value = name.includes(' tokens ') ? account.tokensPerMinute : account.requestsPerMinute;
      if (value === undefined) return [];
      return {
        QuotaCode: code,
        QuotaName: name,
        ServiceCode: 'bedrock',
        ServiceName: 'Amazon Bedrock',
        Value: value,
      };
    });
  }

  async handle(_request: GatewayRequest, { name, input }: Operation): Promise<ServiceAnswer> {
    switch (name) {
      case 'GetServiceQuota':
      case 'GetAWSDefaultServiceQuota':
        return { response: jsonResponse({ Quota: this.#get(input) }) };
      case 'ListServiceQuotas':
      case 'ListAWSDefaultServiceQuotas':
        return { response: jsonResponse(this.#page(input)) };
      default:
        throw new ServiceError(
          'UnknownOperationException',
          400,
          `the local cloud offers no servicequotas:${name}`,
        );
    }
  }

  #get({ ServiceCode, QuotaCode }: Operation['input']): Quota {
    const quota = this.#quotas.find((it) => it.ServiceCode === ServiceCode && it.QuotaCode === QuotaCode);
    if (quota) return quota;
    throw new ServiceError(
      'NoSuchResourceException',
      400,
      `There is no quota ${QuotaCode} of ${ServiceCode}`,
    );
  }

  #page({ ServiceCode, MaxResults, NextToken }: Operation['input']) {
    const from = Number(NextToken ?? 0);
    const until = from + Math.min(LARGEST_PAGE, Number(MaxResults ?? LARGEST_PAGE));
    const quotas = ServiceCode === 'bedrock' ? this.#quotas : [];
    return {
      Quotas: quotas.slice(from, until),
      ...(until < quotas.length && { NextToken: String(until) }),
    };
  }
}

/** Quotas named like AWS's own, with the model's id in place of its label, which is not known. The codes are made up. */
function quotasOf(modelId: string): { code: string; name: string }[] {
  const id = modelId.split('/').at(-1) ?? '';
  const [prefix = ''] = id.split('.');
  const kind = KIND_OF_PREFIX[prefix];
  const label = (kind === undefined ? id : id.slice(prefix.length + 1))
    .replace(/(-\d{8})?(-v\d+)?(:[\w.]+)*$/, '')
    .replaceAll(/[.-]/g, ' ');
  const units = isTokenMetered(modelId) ? ['requests', 'tokens'] : ['requests'];
  return units.map((unit) => {
    const name = `${kind ?? 'On-demand'} model inference ${unit} per minute for ${label}`;
    return { code: `L-${createHash('sha256').update(name).digest('hex').slice(0, 8).toUpperCase()}`, name };
  });
}
