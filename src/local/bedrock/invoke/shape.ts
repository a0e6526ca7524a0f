import type { JsonObject, JsonValue } from '../../../wire/json.ts';
import type { Answer, Prompt } from '../answer.ts';
import { malformed } from '../constraints.ts';
import type { Model } from '../models.ts';

/** One family's own bodies (Bedrock user guide, "Inference request parameters and responses"). */
export interface BodyShape {
  required: readonly string[];
  /** @throws BedrockError ValidationException, naming the key */
  read(body: JsonObject, model: Model): Prompt;
  write(answer: Answer, model: Model, body: JsonObject): JsonObject;
  /** The parts of the answer as a stream sends them. Absent: the simulator does not imitate the family's stream. */
  stream?(answer: Answer, model: Model): JsonObject[];
}

/** A whole number of tokens, as far as the model goes. */
export function tokenLimit(value: JsonValue, at: string, model: Model): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    const found = typeof value === 'string' ? 'String' : Array.isArray(value) ? 'Array' : 'Number';
    return malformed(`#/${at}: expected type: Integer, found: ${found}`);
  }
  if (value < 1) malformed(`#/${at}: ${value} is not greater or equal to 1`);
  if (value > model.maxOutputTokens) {
    malformed(`#/${at}: ${value} is not less or equal to ${model.maxOutputTokens}`);
  }
  return value;
}

/** `maxTokens` where the body sets it, or else what the model takes by itself. */
export function limited(inputTokens: number, maxTokens: number | undefined, model: Model): Prompt {
  return { inputTokens, maxTokens: maxTokens ?? model.invokeDefaultTokens };
}
