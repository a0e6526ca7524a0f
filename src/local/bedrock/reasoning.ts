/** Rules about thinking and sampling that the models themselves impose, whichever API passes them on. */
import { isObject, type JsonObject, type JsonValue } from '../../wire/json.ts';
import type { Model } from './models.ts';

interface Settings {
  maxTokens?: number;
  temperature?: JsonValue;
  topP?: JsonValue;
}

type Complain = (message: string) => never;

const LEAST_BUDGET = 1_024;
/** With thoughts between tool calls, the budget counts for the whole turn and may exceed one answer. */
const INTERLEAVED = 'interleaved-thinking';
const EFFORTS = ['low', 'medium', 'high'];

export function isThinking({ thinking, reasoningConfig }: JsonObject): boolean {
  return [thinking, reasoningConfig].some(
    (value) => isObject(value) && (value.type === 'enabled' || value.type === 'adaptive'),
  );
}

/** Anthropic's rules. `body` holds `thinking`, and what else is the model's own. */
export function checkAnthropic(
  body: JsonObject,
  { maxTokens, temperature, topP }: Settings,
  model: Model,
  complain: Complain,
): void {
  if (model.oneSampler && isSet(temperature) && isSet(topP)) {
    complain('`temperature` and `top_p` cannot both be specified for this model. Please use only one.');
  }
  const { thinking, anthropic_beta: beta } = body;
  if (!isObject(thinking) || thinking.type !== 'enabled') return;
  const budget = thinking.budget_tokens;
  if (typeof budget !== 'number') complain('thinking.enabled.budget_tokens: Field required');
  if (budget < LEAST_BUDGET) {
    complain(`thinking.enabled.budget_tokens: Input should be greater than or equal to ${LEAST_BUDGET}`);
  }
  const interleaved = Array.isArray(beta) && beta.some((name) => String(name).startsWith(INTERLEAVED));
  if (!interleaved && budget >= (maxTokens ?? model.maxOutputTokens)) {
    complain(
      '`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size',
    );
  }
}

/** Only Nova 2 reasons, and at high effort it sets the length of its answer itself. */
export function checkNova(
  reasoning: JsonValue,
  { maxTokens, temperature, topP }: Settings,
  model: Model,
  complain: Complain,
): void {
  if (!isObject(reasoning)) return;
  const { type, maxReasoningEffort: effort } = reasoning;
  const known = effort === undefined || EFFORTS.includes(String(effort));
  if (!model.id.startsWith('amazon.nova-2-') || !known) {
    complain(
      'Malformed input request: the provided reasoning config value is invalid, please reformat your input and try again.',
    );
  }
  if (type === 'enabled' && effort === 'high' && [maxTokens, temperature, topP].some(isSet)) {
    complain(
      'Malformed input request: maxTokens, temperature and topP must not be set when maxReasoningEffort is high, please reformat your input and try again.',
    );
  }
}

function isSet(value: JsonValue): boolean {
  return value !== undefined && value !== null;
}
