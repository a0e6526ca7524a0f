/**
 * Input tokens of a call, estimated from its bytes: cautious, so that a reservation is seldom too small. What a lane's
 * calls really cost is learned later; the estimate need not be exact, but the same call always gives the same one.
 * docs/models.md shows the rates.
 */
import { officeXmlBytesOf, pagesOf } from './document-size.ts';
import { isFreeJson, pointsElsewhere } from './elsewhere.ts';
import { at, isObject } from './json.ts';
import { kindOfName, type MediaKind, type Medium, mediumIn, type Surroundings } from './media.ts';
import { foundationModelId } from './model-id.ts';
import type { Payload } from './payload.ts';
import rates from './token-rates.json' with { type: 'json' };

/** What makes up most of an input. Kinds are learned apart, because their estimates err differently. */
export type InputKind = MediaKind;

export interface InputEstimate {
  tokens: number;
  /** As few tokens as it can well be: a third of its text. What media cost is uncertain. */
  least: number;
  kind: InputKind;
  /** Length of the text and media that the tokens were estimated from. */
  bytes: number;
}

type Family = (typeof rates.families)[number];

interface Sum {
  bytes: number;
  tokens: Record<InputKind, number>;
}

interface Place extends Surroundings {
  field: string;
  /** Everything here is text for the model: JSON of its own. */
  isText?: boolean;
  /** Pages of documents are read as images, too. */
  seesPages: boolean;
}

const LEAST_SHARE = 1 / 3;

export function estimateInput(modelId: string, payload: Payload): InputEstimate {
  const family = familyOf(modelId);
  const isBody = payload.operation === 'invoke_model';
  const call = isBody ? payload.invoke_model.body : payload.converse;
  const sum: Sum = {
    bytes: 0,
    tokens: { text: 0, image: 0, pdf: 0, office: 0, video: 0, audio: 0, unknown: 0 },
  };
  add(sum, call, family, { field: '', seesPages: isBody || family.seesPages === true });
  if ((at(call, ['toolConfig']) ?? at(call, ['tools'])) !== undefined) sum.tokens.text += family.toolUse;
  const kinds = Object.entries(sum.tokens) as [InputKind, number][];
  const [[kind]] = kinds.toSorted(([, a], [, b]) => b - a) as [[InputKind, number]];
  return {
    tokens: Math.ceil(kinds.reduce((total, [, tokens]) => total + tokens, 0)),
    least: Math.max(1, Math.floor(sum.tokens.text * LEAST_SHARE)),
    kind,
    bytes: sum.bytes,
  };
}

function familyOf(modelId: string): Family {
  const model = foundationModelId(modelId);
  const family = rates.families.find(({ models }) => new RegExp(models).test(model));
  if (family === undefined) throw new Error(`token-rates.json has no family for ${model}`);
  return family;
}

/** Names are counted with the values: that pays for the signs a chat format puts around roles and blocks. */
function add(sum: Sum, value: unknown, family: Family, place: Place): void {
  if (typeof value === 'string') addString(sum, value, family, place);
  else if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    addText(sum, String(value), family);
  } else if (Array.isArray(value)) {
    for (const item of value) add(sum, item, family, place);
  } else if (isObject(value)) {
    const here = placeOf(value, place);
    if (!here.isText && here.kind !== undefined && pointsElsewhere(value)) {
      addUnseen(sum, here.kind, family, here);
      return;
    }
    for (const [field, inner] of Object.entries(value)) {
      addText(sum, field, family);
      add(sum, inner, family, { ...here, field, isText: here.isText || isFreeJson(value, field) });
    }
  }
}

/** What an object says of all that is in it. */
function placeOf(value: Record<string, unknown>, place: Place): Place {
  const [type, format] = [value.type, value.format ?? value.media_type ?? value.mimeType];
  const here = { ...place };
  const kind = (typeof type === 'string' ? kindOfName(type) : undefined) ?? kindOfName(place.field);
  if (kind !== undefined) here.kind = kind;
  if (typeof format === 'string') here.format = format;
  if (type === 'text') here.isText = true;
  if (at(value, ['citations', 'enabled']) === true) here.seesPages = true;
  return here;
}

function addString(sum: Sum, text: string, family: Family, place: Place): void {
  const named = kindOfName(place.field);
  const around = named === undefined ? place : { ...place, kind: named };
  const medium = place.isText ? undefined : mediumIn(text, place.field, around);
  if (medium === undefined) addText(sum, text, family);
  else addMedium(sum, medium, family, place);
}

function addMedium(sum: Sum, { kind, data }: Medium, family: Family, place: Place): void {
  if (kind === 'text') {
    addText(sum, data.toString('utf8'), family);
  } else {
    sum.bytes += data.length;
    sum.tokens[kind] += tokensOfMedium(kind, data, family, place);
  }
}

function tokensOfMedium(kind: MediaKind, data: Buffer, family: Family, place: Place): number {
  const { bytesPerToken, bytesPerPage } = rates;
  switch (kind) {
    case 'image':
      return family.image;
    case 'pdf':
      return tokensOfPages(pagesOf(data) ?? Math.ceil(data.length / bytesPerPage), family, place);
    case 'office': {
      const xml = officeXmlBytesOf(data);
      return xml === undefined ? data.length / bytesPerToken.office : xml / bytesPerToken.officeXml;
    }
    case 'audio':
      return data.length / bytesPerToken.audio;
    case 'video':
      return data.length / bytesPerToken.video;
    default:
      return Math.max(family.image, data.length / bytesPerToken.video);
  }
}

function addUnseen(sum: Sum, kind: MediaKind, family: Family, place: Place): void {
  const { pages, ...sizes } = rates.unknownSize;
  const tokens: Partial<Record<MediaKind, number>> = {
    ...sizes,
    image: family.image,
    pdf: tokensOfPages(pages, family, place),
  };
  sum.tokens[kind] += tokens[kind] ?? sizes.office;
}

function tokensOfPages(pages: number, { textFactor, image }: Family, { seesPages }: Place): number {
  return pages * (rates.tokensPerPage * textFactor + (seesPages ? image : 0));
}

function addText(sum: Sum, text: string, family: Family): void {
  let [words, digits, signs, spaces, beyondAsciiBytes, last] = [0, 0, 0, 0, 0, 0];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 0x800 && !isSurrogate(code)) beyondAsciiBytes += 3;
    else if (code >= 0x80) beyondAsciiBytes += 2;
    else if (isDigit(code)) digits += 1;
    else if (code <= 0x20 && code === last) spaces += 1;
    else if (isLetterOrSpace(code)) words += 1;
    else signs += 1;
    last = code;
  }
  const { word, digit, sign, repeatedSpace, beyondAsciiByte } = rates.tokensPerCharacter;
  const tokens =
    words * word +
    digits * digit +
    signs * sign +
    spaces * repeatedSpace +
    beyondAsciiBytes * beyondAsciiByte;
  sum.tokens.text += tokens * family.textFactor;
  sum.bytes += words + digits + signs + spaces + beyondAsciiBytes;
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
