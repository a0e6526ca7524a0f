/** Bedrock's own way of saying what is wrong with a field. */
import { BedrockError } from '../../wire/errors.ts';
import { encodeJson, isObject, type JsonObject, type JsonValue } from '../../wire/json.ts';

const SHOWN_CHARACTERS = 100;

/** A field that must be an object where it is set. */
export function fields(value: JsonValue, at: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) invalid(at, 'an object', value);
  return value;
}

/** A field that must be a list. */
export function list(value: JsonValue, at: string, constraint: string): JsonValue[] {
  return Array.isArray(value) ? value : invalid(at, constraint, value);
}

export function range(
  value: JsonValue,
  at: string,
  low: number,
  high: number,
  kind: 'value' | 'integer value' | 'length' = 'value',
): void {
  if (value === undefined || value === null) return;
  const fits = typeof value === 'number' && value >= low && value <= high;
  if (!fits || (kind === 'integer value' && !Number.isInteger(value))) {
    invalid(at, `${kind} between ${low} and ${high}`, value);
  }
}

export function invalid(at: string, constraint: string, value: JsonValue): never {
  const shown = value === undefined ? 'null' : encodeJson(value).slice(0, SHOWN_CHARACTERS);
  throw new BedrockError(
    'ValidationException',
    `1 validation error detected: Value '${shown}' at '${at}' failed to satisfy constraint: Member must satisfy ${constraint}`,
  );
}

/** A model's own complaint about an InvokeModel body. */
export function malformed(detail: string): never {
  throw new BedrockError(
    'ValidationException',
    `Malformed input request: ${detail}, please reformat your input and try again.`,
  );
}

export function refuse(message: string): never {
  throw new BedrockError('ValidationException', message);
}
