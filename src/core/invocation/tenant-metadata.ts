import { withValueAt } from '../request/json-text.ts';
import type { Call } from '../request/payload.ts';
import { DEFAULT_TENANT } from '../request/record.ts';

/** The key under which Bedrock's invocation logs show the tenant. */
const KEY = 'tenant';
/** Bedrock takes no more entries. A key or value may have 256 characters, among them all that a tenant's name may have. */
const MOST_ENTRIES = 16;

/**
 * The call with its tenant in the request metadata, which Bedrock writes to its invocation logs. It is sent as it came where the
 * request names no tenant, sets that key itself, or leaves no room for another.
 */
export function withTenantMetadata(tenant: string, call: Call): Call {
  const { payload, body } = call;
  const metadata =
    payload.operation === 'converse'
      ? (payload.converse.requestMetadata as Record<string, string> | undefined)
      : payload.invoke_model.requestMetadata;
  const { [KEY]: own, ...others } = metadata ?? {};
  if (tenant === DEFAULT_TENANT || own !== undefined || Object.keys(others).length >= MOST_ENTRIES) {
    return call;
  }
  if (payload.operation === 'converse') {
    return { ...call, body: withValueAt(body, ['requestMetadata', KEY], tenant) };
  }
  const invoke_model = { ...payload.invoke_model, requestMetadata: { ...others, [KEY]: tenant } };
  return { ...call, payload: { ...payload, invoke_model } };
}
