/** How much a call may put out, as far as the request itself decides. */

import { familyOf } from './invoke-bodies.ts';
import { at, isObject } from './json.ts';
import { foundationModelId, isStoredPrompt } from './model-id.ts';
import type { Payload } from './payload.ts';

export interface RequestedOutput {
  /**
   * What the producer set, or what unset means where it has to stay unset: then the call is sent as it came. Absent: the
   * smoother chooses.
   */
  maxTokens?: number | 'model maximum';
  /** Tokens that the model may think with; they count as output, so max tokens must be more. Absent: none. */
  thinkingTokens?: number;
}

/** @param model the id by which the model is known, or its lane */
export function requestedOutput(modelId: string, model: string, payload: Payload): RequestedOutput {
  // A stored prompt brings its own inference parameters, and Bedrock takes none beside them.
  if (isStoredPrompt(modelId)) return { maxTokens: 'model maximum' };
  return payload.operation === 'converse'
    ? ofConverse(model, payload.converse)
    : ofBody(model, payload.invoke_model.body);
}

function ofConverse(model: string, request: Record<string, unknown>): RequestedOutput {
  const fields = request.additionalModelRequestFields;
  const set = at(request, ['inferenceConfig', 'maxTokens']) ?? setIn(model, fields);
  return set === undefined ? ofThinking(fields) : { maxTokens: tokensOf(set) };
}

function ofBody(model: string, body: unknown): RequestedOutput {
  const family = familyOf(model, body);
  // Nowhere to set it.
  if (family === undefined) return { maxTokens: 'model maximum' };
  if (family.maxTokens.length === 0) return { maxTokens: 0 };
  const set = setIn(model, body);
  if (set !== undefined) return { maxTokens: tokensOf(set) };
  const unset = family.unset?.find(({ models }) => models.test(foundationModelId(model)));
  return unset === undefined ? ofThinking(body) : { maxTokens: unset.tokens };
}

/** Null is how some clients write unset. */
function setIn(model: string, body: unknown): unknown {
  const paths = familyOf(model, body)?.maxTokens ?? [];
  return paths.map((path) => at(body, path)).find((value) => value !== undefined && value !== null);
}

/** What is no number is not ours to correct: Bedrock says what it thinks of it. */
function tokensOf(set: unknown): number | 'model maximum' {
  if (typeof set === 'number') return set;
  if (typeof set === 'bigint') return Number(set);
  return typeof set === 'string' && /^\d{1,15}$/.test(set) ? Number(set) : 'model maximum';
}

/** Where a budget of thinking may be: Claude's two names for it. */
const BUDGETS = ['thinking', 'reasoning_config'];

function ofThinking(fields: unknown): RequestedOutput {
  // Nova 2 with high effort refuses any max tokens.
  const nova = at(fields, ['reasoningConfig']) ?? at(fields, ['inferenceConfig', 'reasoningConfig']);
  if (isObject(nova) && nova.type === 'enabled' && nova.maxReasoningEffort === 'high') {
    return { maxTokens: 'model maximum' };
  }
  const budgets = BUDGETS.map((name) => at(fields, [name]))
    .filter((config) => isObject(config) && config.type === 'enabled')
    .map((config) => at(config, ['budget_tokens']))
    .filter((budget) => typeof budget === 'number' && Number.isSafeInteger(budget) && budget > 0);
  return budgets.length === 0 ? {} : { thinkingTokens: Math.max(...(budgets as number[])) };
}
