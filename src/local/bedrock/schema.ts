/** Values that fit a JSON Schema. */
import { generateSync, type JsonSchema } from 'json-schema-faker';
import { BedrockError } from '../../wire/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '../../wire/json.ts';

/** Schemas may refer to themselves; deeper than this, a value would only be longer. */
const MAX_DEPTH = 4;
/** Bounds beyond 2^53 become the nearest number that the generator can reckon with. */
const VALUES = ['const', 'enum', 'default', 'examples'];

/**
 * A value that fits the schema, the same for the same draw.
 * @param draw in [0, 1)
 * @throws BedrockError ValidationException for a schema that cannot be understood or met
 */
export function fittingValue(schema: JsonObject, draw: number): JsonValue {
  try {
    return generateSync(reckonable(schema) as JsonSchema, {
      seed: Math.floor(draw * 2 ** 31),
      alwaysFakeOptionals: true,
      refDepthMax: MAX_DEPTH,
    }) as JsonValue;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BedrockError('ValidationException', `The JSON schema is not supported: ${reason}.`);
  }
}

function reckonable(schema: JsonValue): JsonValue {
  if (typeof schema === 'bigint') return Number(schema);
  if (Array.isArray(schema)) return schema.map(reckonable);
  if (!isObject(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, VALUES.includes(key) ? value : reckonable(value)]),
  );
}
