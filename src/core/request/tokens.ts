/**
 * Input tokens of a call, estimated from its bytes: cautious, so that a reservation is seldom too small. What a lane's
 * calls really cost is learned later; the estimate need not be exact, but the same call always gives the same one.
 */

import { at, isObject } from './json.ts';
import { foundationModelId } from './model-id.ts';
import type { Payload } from './payload.ts';
import rates from './token-rates.json' with { type: 'json' };

export interface InputEstimate {
  tokens: number;
  /** Length of the text and media that the tokens were estimated from. */
  bytes: number;
}

type Rates = (typeof rates.families)[number];
type Medium = 'document' | 'video' | 'audio';

const MEDIA: readonly Medium[] = ['document', 'video', 'audio'];
/** Documents of these formats are text; the others have a rate of their own. */
const TEXT_FORMATS = ['csv', 'html', 'md', 'txt', 'text/plain'];

export function estimateInput(modelId: string, payload: Payload): InputEstimate {
  const family = ratesOf(modelId);
  const call = payload.operation === 'converse' ? payload.converse : payload.invoke_model.body;
  const { tokens, bytes } = estimate(call, family);
  const tools = at(call, ['toolConfig']) ?? at(call, ['tools']);
  return { tokens: Math.ceil(tokens + (tools === undefined ? 0 : family.toolUse)), bytes };
}

function ratesOf(modelId: string): Rates {
  const model = foundationModelId(modelId);
  const family = rates.families.find(({ models }) => new RegExp(models).test(model));
  if (family === undefined) throw new Error(`token-rates.json has no family for ${model}`);
  return family;
}

/** Names are counted with the values: that pays for the signs a chat format puts around roles and blocks. */
function estimate(value: unknown, family: Rates): InputEstimate {
  if (typeof value === 'string') return textEstimate(value, family);
  if (['number', 'bigint', 'boolean'].includes(typeof value)) return textEstimate(String(value), family);
  if (Array.isArray(value)) return sum(value.map((item) => estimate(item, family)));
  if (!isObject(value)) return { tokens: 0, bytes: 0 };
  if (isMedium(value, 'image') || value.type === 'image_url') {
    return { tokens: family.image, bytes: inlineBytes(value) ?? 0 };
  }
  const medium = MEDIA.find((kind) => isMedium(value, kind));
  if (medium !== undefined) return mediumEstimate(medium, value, family);
  return sum(
    Object.entries(value).flatMap(([key, item]) => [textEstimate(key, family), estimate(item, family)]),
  );
}

/** `{image: {…}}` as Converse and Nova have it, or `{type: 'image', …}` as Anthropic has it. */
function isMedium(block: Record<string, unknown>, kind: string): boolean {
  return block.type === kind || isObject(at(block, [kind, 'source']));
}

function mediumEstimate(medium: Medium, block: Record<string, unknown>, family: Rates): InputEstimate {
  const inner = isObject(block[medium]) ? block[medium] : block;
  const source = isObject(inner.source) ? inner.source : {};
  const format = String(inner.format ?? source.media_type ?? '');
  if (typeof source.text === 'string' || Array.isArray(source.content)) return estimate(source, family);
  if (TEXT_FORMATS.includes(format)) {
    const data = source.bytes ?? source.data;
    if (typeof data === 'string') return textEstimate(format === 'text/plain' ? data : decoded(data), family);
  }
  const bytes = inlineBytes(block) ?? rates.unknownMediaBytes[medium];
  return { tokens: bytes / bytesPerToken(medium, format), bytes };
}

function bytesPerToken(medium: Medium, format: string): number {
  const { bytesPerToken: byFormat } = rates;
  if (medium !== 'document') return byFormat[medium];
  const known = Object.entries(byFormat).find(([name]) => name === format);
  return known?.[1] ?? byFormat.pdf;
}

/** Bytes that the block carries itself, as base64; undefined when it only points to them. */
function inlineBytes(block: Record<string, unknown>): number | undefined {
  const inner = Object.values(block).find((value) => isObject(at(value, ['source'])));
  const source = at(inner, ['source']) ?? block.source;
  const data = at(source, ['bytes']) ?? at(source, ['data']);
  return typeof data === 'string' ? Math.floor((data.length * 3) / 4) : undefined;
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

function textEstimate(text: string, family: Rates): InputEstimate {
  let words = 0;
  let digits = 0;
  let signs = 0;
  let beyondAsciiBytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 0x800 && !isSurrogate(code)) beyondAsciiBytes += 3;
    else if (code >= 0x80) beyondAsciiBytes += 2;
    else if (isDigit(code)) digits += 1;
    else if (isLetterOrSpace(code)) words += 1;
    else signs += 1;
  }
  const { word, digit, sign, beyondAsciiByte } = rates.tokensPerCharacter;
  const tokens = words * word + digits * digit + signs * sign + beyondAsciiBytes * beyondAsciiByte;
  return { tokens: tokens * family.textFactor, bytes: words + digits + signs + beyondAsciiBytes };
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetterOrSpace(code: number): boolean {
  const lower = code | 0x20;
  return code <= 0x20 || (lower >= 0x61 && lower <= 0x7a);
}

function sum(estimates: InputEstimate[]): InputEstimate {
  return estimates.reduce(
    (total, { tokens, bytes }) => ({ tokens: total.tokens + tokens, bytes: total.bytes + bytes }),
    { tokens: 0, bytes: 0 },
  );
}
