import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withTenantMetadata } from '../../../src/core/invocation/tenant-metadata.ts';
import { runWorker } from '../../../src/core/invocation/worker.ts';
import { requestMetadata } from '../../../src/core/request/converse.ts';
import { fields } from '../../../src/core/request/message-schema.ts';
import type { Call } from '../../../src/core/request/payload.ts';
import { World } from '../../fixtures/invocation-world.ts';

function converse(metadata?: Record<string, string>): Call {
  const converse = { messages: [], ...(metadata && { requestMetadata: metadata }) };
  return { payload: { v: 1, operation: 'converse', converse }, body: JSON.stringify(converse) };
}

function invokeModel(metadata?: Record<string, string>): Call {
  const types = { content_type: 'application/json', accept: 'application/json' };
  const invoke_model = { body: {}, ...types, ...(metadata && { requestMetadata: metadata }) };
  return { payload: { v: 1, operation: 'invoke_model', invoke_model }, body: '{}' };
}

function sent({ payload, body }: Call): unknown {
  return payload.operation === 'converse'
    ? JSON.parse(body).requestMetadata
    : payload.invoke_model.requestMetadata;
}

const full = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`key${index}`, 'x']));

describe.each([
  ['Converse', converse],
  ['InvokeModel', invokeModel],
])('the tenant of a call of %s', (_, call) => {
  it.each([
    ['alone', undefined, { tenant: 'acme' }],
    ['beside what the request sets', { team: 'red' }, { team: 'red', tenant: 'acme' }],
    ['not where the request sets that key', { tenant: 'theirs' }, { tenant: 'theirs' }],
    ['not where sixteen entries leave no room', full, full],
  ])('is sent %s', (_, metadata, expected) => {
    expect(sent(withTenantMetadata('acme', call(metadata)))).toEqual(expected);
  });

  it('is not sent when the request names none', () => {
    const plain = call();
    expect(withTenantMetadata('default', plain)).toBe(plain);
  });
});

it('takes every name that a tenant may have, as Bedrock does', () => {
  const tenants = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:@=+-]{0,63}$/);
  fc.assert(
    fc.property(tenants, (tenant) => {
      expect(fields.tenant.safeParse(tenant).success).toBe(true);
      expect(requestMetadata.safeParse({ tenant }).success).toBe(true);
    }),
  );
});

it.each([
  [true, { tenant: 'acme' }],
  [false, undefined],
])('a worker that sends tenants (%s) sends %j', async (sendsTenant, expected) => {
  const world = new World();
  await runWorker({ ...world.ports, sendsTenant }, await world.release());
  expect(JSON.parse(world.calls[0]?.body ?? '').requestMetadata).toEqual(expected);
});
