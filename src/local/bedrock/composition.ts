/** What the model says: drawn by seed, model and content, so that the same request gets the same answer. */

import { encodeJson } from '../../wire/json.ts';
import type { Answer, Block, Prompt } from './answer.ts';
import type { Model } from './models.ts';
import type { SimulatorSettings } from './options.ts';
import { logNormal, uniform } from './random.ts';
import { fittingValue } from './schema.ts';
import { cutText, writeText } from './text.ts';
import { countTextTokens } from './tokens.ts';

/** Answers are never shorter than this, unless max tokens is. */
const SHORTEST_OUTPUT_TOKENS = 4;
/** Part of a latency that does not depend on the size of the answer. */
export const FIXED_LATENCY = 0.5;
/** The share of an answer that a thinking model spends on its thoughts. */
const THOUGHT = 0.4;

type Draft = Pick<Answer, 'blocks' | 'outputTokens' | 'stop'>;

/**
 * @param key identifies model and content; max tokens is not part of it, since a model does not know where it will be
 * cut off
 */
export function compose(settings: SimulatorSettings, model: Model, prompt: Prompt, key: string): Answer {
  const { seed, outputMedianTokens, latencyMedianMs, latencySigma } = settings;
  const draft = draftOf(settings, prompt, key, prompt.maxTokens ?? model.maxOutputTokens);
  const share = FIXED_LATENCY + (1 - FIXED_LATENCY) * (draft.outputTokens / outputMedianTokens);
  return {
    ...draft,
    id: key.slice(0, 24),
    inputTokens: prompt.inputTokens,
    latencyMs: Math.round(share * logNormal(latencyMedianMs, latencySigma, seed, key, 'latency')),
  };
}

function draftOf(settings: SimulatorSettings, prompt: Prompt, key: string, maxTokens: number): Draft {
  if (maxTokens === 0) return { blocks: [], outputTokens: 0, stop: 'end' };
  if (prompt.tool) return toolCall(prompt.tool, settings.seed, key, maxTokens);
  if (prompt.schema) return structured(prompt.schema, settings.seed, key, maxTokens);
  return prose(settings, prompt.thinks === true, key, maxTokens);
}

function prose(
  { seed, outputMedianTokens, outputSigma }: SimulatorSettings,
  thinks: boolean,
  key: string,
  maxTokens: number,
): Draft {
  const drawn = Math.round(logNormal(outputMedianTokens, outputSigma, seed, key, 'output'));
  const wanted = Math.max(SHORTEST_OUTPUT_TOKENS, drawn);
  const outputTokens = Math.min(wanted, maxTokens);
  const thought = thinks ? Math.ceil(outputTokens * THOUGHT) : 0;
  const reasoning: Block = {
    kind: 'reasoning',
    text: writeText(thought, seed, `${key}/thought`),
    signature: Buffer.from(key).toString('base64'),
  };
  const text: Block = { kind: 'text', text: writeText(outputTokens - thought, seed, key) };
  return {
    blocks: thinks ? [reasoning, text] : [text],
    outputTokens,
    stop: wanted > maxTokens ? 'max_tokens' : 'end',
  };
}

function toolCall(tool: NonNullable<Prompt['tool']>, seed: number, key: string, maxTokens: number): Draft {
  const input = fittingValue(tool.schema, uniform(seed, key, 'arguments'));
  const wanted = countTextTokens(tool.name) + countTextTokens(encodeJson(input));
  const cut = wanted > maxTokens;
  return {
    // A call that was cut off has no arguments that anybody could parse.
    blocks: [{ kind: 'toolUse', id: key.slice(0, 22), name: tool.name, input: cut ? {} : input }],
    outputTokens: Math.min(wanted, maxTokens),
    stop: cut ? 'max_tokens' : 'tool_use',
  };
}

function structured(
  schema: NonNullable<Prompt['schema']>,
  seed: number,
  key: string,
  maxTokens: number,
): Draft {
  const text = encodeJson(fittingValue(schema, uniform(seed, key, 'value')));
  const wanted = countTextTokens(text);
  const cut = wanted > maxTokens;
  return {
    blocks: [{ kind: 'text', text: cut ? cutText(text, maxTokens) : text }],
    outputTokens: Math.min(wanted, maxTokens),
    stop: cut ? 'max_tokens' : 'end',
  };
}
