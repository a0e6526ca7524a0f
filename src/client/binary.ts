/**
 * Binary content in Converse: base64 text in JSON, bytes in the SDK. Only Bedrock's own fields are touched, never what
 * belongs to the producer or the model (tool input, JSON results, extra model fields), whatever its keys are called.
 */

/** Fields that hold free JSON documents. */
const DOCUMENTS = new Set(['input', 'json', 'additionalModelRequestFields', 'additionalModelResponseFields']);
/** Fields that hold base64: a media source's bytes, and reasoning that the provider has encrypted. */
const BINARIES = new Set(['bytes', 'redactedContent']);

/** A copy with binary fields as bytes. */
export function decodeBinaries(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decodeBinaries);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      if (DOCUMENTS.has(key)) return [key, field];
      if (BINARIES.has(key) && typeof field === 'string')
        return [key, new Uint8Array(Buffer.from(field, 'base64'))];
      return [key, decodeBinaries(field)];
    }),
  );
}

/**
 * A copy that survives JSON: bytes as base64, and a content block that is newer than the SDK, which the SDK hands out
 * as `$unknown: [name, value]`, under its own name again.
 */
export function encodeBinaries(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(encodeBinaries);
  if (!isObject(value)) return value;
  const { $unknown, ...fields } = value;
  const known = Object.entries(fields).filter(([, field]) => field !== undefined);
  const all = Array.isArray($unknown) ? [...known, [String($unknown[0]), $unknown[1]] as const] : known;
  return Object.fromEntries(
    all.map(([key, field]) => [key, DOCUMENTS.has(key) ? field : encodeBinaries(field)]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
