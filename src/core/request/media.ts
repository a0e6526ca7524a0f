/** Media in the JSON of a call, found by what they are: base64 with its media type, its first bytes, or what is around it. */

export type MediaKind = 'image' | 'pdf' | 'office' | 'text' | 'video' | 'audio' | 'unknown';

/** What is known of a value by what is around it. */
export interface Surroundings {
  kind?: MediaKind;
  /** A format or media type that some object on the way has named. */
  format?: string;
}

export interface Medium {
  kind: MediaKind;
  data: Buffer;
}

/** Texts that long without a space, of the letters of base64 alone, are no prose. */
const LEAST_BASE64 = 256;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w.=-]+)*;base64,/;

/** Fields whose text is text for the model, whatever it looks like. */
const TEXT_FIELDS = new Set(
  (
    'text texts prompt inputText inputPrompt content system message query queries input inputs documents passages ' +
    'arguments thinking signature redactedContent'
  ).split(' '),
);
/** Fields that hold nothing but a medium where their surroundings are one. */
const DATA_FIELDS = new Set(['bytes', 'data', 'base64', 'base64String', 'file_data']);

/** The medium that a text is; undefined for a text. */
export function mediumIn(text: string, field: string, around: Surroundings): Medium | undefined {
  if (TEXT_FIELDS.has(field)) return undefined;
  const [head, mediaType] = DATA_URL.exec(text) ?? [];
  const base64 = head === undefined ? text : text.slice(head.length);
  const isData =
    head !== undefined ||
    (around.kind !== undefined && DATA_FIELDS.has(field)) ||
    (text.length >= LEAST_BASE64 && BASE64.test(text));
  if (!isData) return undefined;
  const data = Buffer.from(base64, 'base64');
  return { kind: kindOf(data, mediaType ?? around.format, around.kind), data };
}

function kindOf(data: Buffer, format: string | undefined, around: MediaKind | undefined): MediaKind {
  // Some formats hold pictures with sound, or sound alone: then the surroundings tell.
  if (around === 'audio' || around === 'video' || around === 'image') return around;
  return (format && kindOfFormat(format)) || kindOfFirstBytes(data) || around || 'unknown';
}

const FORMATS: [RegExp, MediaKind][] = [
  [/^image\/|^(png|jpe?g|gif|webp|bmp|tiff?)$/, 'image'],
  [/^(application\/)?pdf$/, 'pdf'],
  [/^(docx?|xlsx?|pptx?)$|^application\/(msword|vnd\.(ms-|openxml))/, 'office'],
  [/^(csv|html|md|txt|json|xml)$|^text\/|^application\/(json|xml)$/, 'text'],
  [/^video\/|^(mkv|mov|mp4|webm|flv|mpe?g|wmv|three_gp|avi)$/, 'video'],
  [/^audio\/|^(mp3|opus|wav|aac|flac|ogg|mka|m4a|x-aac|mpga|pcm)$/, 'audio'],
];

function kindOfFormat(format: string): MediaKind | undefined {
  return FORMATS.find(([formats]) => formats.test(format.toLowerCase()))?.[1];
}

/** In hexadecimal: PNG, JPEG, GIF, WebP, BMP, TIFF; PDF; ZIP, OLE; MP3, WAV, Ogg, FLAC; MP4, Matroska, FLV, MPEG, AVI, WMV. */
const FIRST_BYTES: [RegExp, MediaKind][] = [
  [/^(89504e47|ffd8ff|47494638|52494646.{8}57454250|424d|49492a00|4d4d002a)/, 'image'],
  [/^25504446/, 'pdf'],
  [/^(504b0304|d0cf11e0)/, 'office'],
  [/^(.{8}667479704d3441|494433|fff[1-9ab]|52494646.{8}57415645|4f676753|664c6143)/, 'audio'],
  [/^(.{8}66747970|1a45dfa3|464c56|000001b[3a]|52494646.{8}41564920|3026b275)/, 'video'],
];

function kindOfFirstBytes(data: Buffer): MediaKind | undefined {
  const head = data.subarray(0, 16).toString('hex');
  return FIRST_BYTES.find(([bytes]) => bytes.test(head))?.[1];
}

const NAMES: [RegExp, MediaKind][] = [
  [/image|photo|mask/i, 'image'],
  [/video/i, 'video'],
  [/audio/i, 'audio'],
  [/document|pdf|file/i, 'pdf'],
];

/** What a field or a block's type says of what is in it. */
export function kindOfName(name: string): MediaKind | undefined {
  return NAMES.find(([names]) => names.test(name))?.[1];
}
