/** What the smoother reads in InvokeModel bodies and answers; what is where: body-families.ts. */
import { BODY_FAMILIES, type BodyFamily, type Path } from './body-families.ts';
import { at, isObject } from './json.ts';
import { foundationModelId } from './model-id.ts';
import { type Usage, usageOf } from './record.ts';

/** The family of a model's bodies, by the model's id or lane, or else by the body; undefined when neither tells. */
export function familyOf(modelId: string, body?: unknown): BodyFamily | undefined {
  const model = foundationModelId(modelId);
  const byName = BODY_FAMILIES.find(({ models }) => models.test(model));
  if (byName !== undefined || !isObject(body)) return byName;
  return BODY_FAMILIES.find(({ recognises }) => recognises(body));
}

/**
 * Where max tokens is in the body, or where the family would have it; undefined where the family is not known or has no
 * such field.
 */
export function maxTokensPath(modelId: string, body: unknown): Path | undefined {
  const paths = familyOf(modelId, body)?.maxTokens ?? [];
  return paths.find((path) => at(body, path) !== undefined) ?? paths[0];
}

/** Whether the model's output is counted in tokens, as far as its id or lane tells. */
export function countsOutput(modelId: string): boolean {
  return familyOf(modelId)?.maxTokens.length !== 0;
}

/** More than a body may ask for. */
const MOST_MEDIA = 10;

/** Bytes of the media that an answer will hold, about. What else answers hold is small beside their calls. */
export function mediaBytesOfAnswer(modelId: string, body: unknown): number {
  const media = familyOf(modelId, body)?.media;
  if (media === undefined) return 0;
  return media.bytes * Math.min(MOST_MEDIA, Math.max(1, numberAt(body, media.count) ?? 1));
}

export interface AnswerFacts {
  /** Absent when the answer does not tell both counts. */
  usage?: Usage;
  stop_reason?: string;
}

/** What an answer's body tells about itself. */
export function readAnswer(modelId: string, body: unknown): AnswerFacts {
  const family = familyOf(modelId) ?? BODY_FAMILIES.find(({ usage }) => at(body, usage.input) !== undefined);
  if (family === undefined) return {};
  const facts: AnswerFacts = {};
  const stopReason = family.stopReason
    .map((path) => at(body, path))
    .find((value) => typeof value === 'string');
  if (stopReason !== undefined) facts.stop_reason = stopReason;
  const usage = usageIn(family, body);
  if (usage !== undefined) facts.usage = usage;
  return facts;
}

function usageIn(family: BodyFamily, body: unknown): Usage | undefined {
  const { input, output, cacheRead, cacheWrite } = family.usage;
  const inputTokens = numberAt(body, input);
  const outputTokens = numberAt(body, output) ?? (family.maxTokens.length === 0 ? 0 : undefined);
  const read = cacheRead && numberAt(body, cacheRead);
  const write = cacheWrite && numberAt(body, cacheWrite);
  const cached = family.inputIncludesCached ? (read ?? 0) : 0;
  return usageOf(inputTokens && Math.max(inputTokens - cached, 0), outputTokens, read, write);
}

function numberAt(body: unknown, path: Path): number | undefined {
  const value = at(body, path);
  return typeof value === 'number' ? value : undefined;
}

/** How families say that an answer ended because its max tokens were used up. */
const TRUNCATIONS = new Set(['max_tokens', 'length', 'model_length']);

export function isTruncated(stopReason: string | undefined): boolean {
  return stopReason !== undefined && TRUNCATIONS.has(stopReason.toLowerCase());
}
