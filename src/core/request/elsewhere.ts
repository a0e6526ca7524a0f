/** What a call refers to but does not contain. Bedrock checks the caller's access to it, too. */
import { isObject } from './json.ts';
import type { Payload } from './payload.ts';

/** Whether the call names anything besides its model: a guardrail, media, or a tool that Bedrock runs itself. */
export function namesMore(payload: Payload): boolean {
  const call = payload.operation === 'converse' ? payload.converse : payload.invoke_model;
  // Only the caller's own logs read what it says about the call.
  const { requestMetadata: _, ...names } = call;
  return isNamedIn(names);
}

function isNamedIn(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isNamedIn);
  if (!isObject(value)) return false;
  if (value.guardrailIdentifier !== undefined || value.systemTool !== undefined) return true;
  if (pointsElsewhere(value)) return true;
  return Object.entries(value).some(([field, inner]) => !isFreeJson(value, field) && isNamedIn(inner));
}

/** A medium that the call names and does not hold. */
export function pointsElsewhere(value: Record<string, unknown>): boolean {
  const { s3Location, s3Uri, type, url } = value;
  if (s3Location !== undefined || s3Uri !== undefined || type === 'url') return true;
  return typeof url === 'string' && /^https?:/.test(url);
}

/** What a tool takes, is given and gives back: JSON that the model reads as text. */
export function isFreeJson(value: Record<string, unknown>, field: string): boolean {
  if (field === 'input' || field === 'parameters') return 'name' in value;
  return ['json', 'inputSchema', 'input_schema'].includes(field);
}
