import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ListAWSDefaultServiceQuotasCommand,
  ListServiceQuotasCommand,
  NoSuchResourceException,
  type ServiceQuota,
  ServiceQuotasClient,
  TooManyRequestsException,
} from '@aws-sdk/client-service-quotas';
import { describe, expect, it } from 'vitest';
import { QUOTA_AGE_MS, serviceQuotas } from '../../../src/aws/service-quotas/quotas.ts';

const LANE = 'amazon.nova-lite:geo';
const REQUESTS = 'L-89F8391A';
const TOKENS = 'L-7C42E72A';

/** Service Quotas with some applied and default values; a table with one item. */
function account(values: {
  applied?: Record<string, number>;
  byDefault?: Record<string, number>;
  listed?: ServiceQuota[];
}) {
  const state = {
    asked: 0,
    lists: 0,
    failure: undefined as Error | undefined,
    item: undefined as Record<string, unknown> | undefined,
  };
  const quotas = Object.assign(Object.create(ServiceQuotasClient.prototype), {
    send: async (command: { input: { QuotaCode: string } }) => {
      if (state.failure !== undefined) throw state.failure;
      if (
        command instanceof ListServiceQuotasCommand ||
        command instanceof ListAWSDefaultServiceQuotasCommand
      ) {
        state.lists += 1;
        return { Quotas: command instanceof ListServiceQuotasCommand ? [] : values.listed };
      }
      state.asked += 1;
      const from =
        command instanceof GetServiceQuotaCommand
          ? values.applied
          : command instanceof GetAWSDefaultServiceQuotaCommand
            ? values.byDefault
            : undefined;
      const Value = from?.[command.input.QuotaCode];
      if (Value === undefined) throw new NoSuchResourceException({ message: '', $metadata: {} });
      return { Quota: { Value } };
    },
  });
  const dynamo = {
    send: async (command: { input: { ExpressionAttributeValues?: Record<string, unknown> } }) => {
      if (command instanceof GetItemCommand) return { Item: state.item };
      if (!(command instanceof UpdateItemCommand)) throw new Error('Unexpected');
      const { ':limits': limits, ':read_at': read_at } = command.input.ExpressionAttributeValues ?? {};
      state.item = { limits, read_at };
      return {};
    },
  };
  return { state, port: serviceQuotas(quotas as never, dynamo as never, 'lanes') };
}

describe('quotas', () => {
  it('are the applied values, and the defaults where none is applied', async () => {
    const { port } = account({
      applied: { [REQUESTS]: 123 },
      byDefault: { [REQUESTS]: 4_000, [TOKENS]: 8_000_000 },
    });
    expect(await port.limitsOf(LANE, 0)).toEqual({
      requests_per_minute: 123,
      tokens_per_minute: 8_000_000,
    });
  });

  it('can be zero', async () => {
    const { port } = account({ applied: { [TOKENS]: 0 } });
    expect(await port.limitsOf(LANE, 0)).toEqual({ tokens_per_minute: 0 });
  });

  it('are found by their names where the catalog has no code, or one that is gone', async () => {
    const { port, state } = account({
      listed: [
        { QuotaName: 'Cross-Region InvokeModel tokens per minute for Amazon Nova Lite', Value: 5 },
        { QuotaName: 'On-demand model inference requests per minute for Cohere Rerank 3.5', Value: 7 },
      ],
    });
    expect(await port.limitsOf(LANE, 0)).toEqual({ tokens_per_minute: 5 });
    state.item = undefined;
    expect(await port.limitsOf('cohere.rerank-v3-5:on-demand', 1)).toEqual({ requests_per_minute: 7 });
    // The lists are long: one reading of each serves all lanes.
    expect(state.lists).toBe(2);
    state.item = undefined;
    await port.limitsOf(LANE, QUOTA_AGE_MS);
    expect(state.lists).toBe(4);
  });

  it('are asked for once an hour, whoever leads', async () => {
    const { port, state } = account({ applied: { [REQUESTS]: 1, [TOKENS]: 2 } });
    await port.limitsOf(LANE, 0);
    await port.limitsOf(LANE, QUOTA_AGE_MS - 1);
    expect(state.asked).toBe(2);
    await port.limitsOf(LANE, QUOTA_AGE_MS);
    expect(state.asked).toBe(4);
  });

  it.each([
    new TooManyRequestsException({ message: '', $metadata: {} }),
    Object.assign(new Error('boom'), { name: 'InternalServerError' }),
    Object.assign(new Error('no answer'), { name: 'TimeoutError' }),
  ])('are the last known ones while Service Quotas fails with %s', async (failure) => {
    const { port, state } = account({ applied: { [REQUESTS]: 1, [TOKENS]: 2 } });
    const known = await port.limitsOf(LANE, 0);
    expect(known).toEqual({ requests_per_minute: 1, tokens_per_minute: 2 });
    state.failure = failure;
    const meanwhile: unknown[] = [];
    expect(await port.limitsOf(LANE, 2 * QUOTA_AGE_MS, (limits) => meanwhile.push(limits))).toEqual(known);
    expect(meanwhile).toEqual([known]);
  });

  it('are not known where Service Quotas has never answered', async () => {
    const { port, state } = account({});
    state.failure = new Error('boom');
    await expect(port.limitsOf(LANE, 0)).rejects.toThrow('boom');
  });
});
