/** Services that need little more than passing on. */
import { ServiceError } from './errors.ts';
import type { Service, ServiceAnswer } from './gateway.ts';
import type { Upstream } from './http.ts';
import { type GatewayRequest, jsonResponse } from './message.ts';
import type { Operation } from './operation.ts';

const SQS_BILLED_BYTES = 64 * 1024;

export class SqsService implements Service {
  constructor(private readonly emulator: Upstream) {}

  async handle(request: GatewayRequest): Promise<ServiceAnswer> {
    const response = await this.emulator.send(request);
    const bytes = Math.max(request.body.length, response.body.length);
    return { response, units: Math.max(1, Math.ceil(bytes / SQS_BILLED_BYTES)) };
  }
}

/** Bedrock, and the identity that STS tells: passed on as they are. */
export class PassedOn implements Service {
  constructor(private readonly upstream: Upstream) {}

  async handle(request: GatewayRequest): Promise<ServiceAnswer> {
    return { response: await this.upstream.send(request) };
  }
}

/** Applied quotas by quota code; a quota that is not given is one that Service Quotas does not list. */
export class ServiceQuotasService implements Service {
  constructor(private readonly quotas: Record<string, number>) {}

  async handle(_: GatewayRequest, { name, input }: Operation): Promise<ServiceAnswer> {
    const code = String(input.QuotaCode);
    const value = this.quotas[code];
    if (!['GetServiceQuota', 'GetAWSDefaultServiceQuota'].includes(name)) {
      throw new ServiceError(
        'UnknownOperationException',
        501,
        `the local cloud offers no Service Quotas operation ${name}`,
      );
    }
    if (value === undefined)
      throw new ServiceError('NoSuchResourceException', 400, `there is no quota ${code}`);
    return {
      response: jsonResponse({ Quota: { ServiceCode: input.ServiceCode, QuotaCode: code, Value: value } }),
    };
  }
}
