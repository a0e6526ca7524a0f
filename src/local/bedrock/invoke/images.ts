/** Models that draw: their pictures are real PNGs of the size asked for, in one colour that the request determines. */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import { encodeJson, isObject, type JsonObject, type JsonValue } from '../../../wire/json.ts';
import { malformed, refuse } from '../constraints.ts';
import type { BodyShape } from './shape.ts';

const DEFAULT_SIDE = 1_024;
const LARGEST_SIDE = 4_096;
const MOST_IMAGES = 5;
const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** 8 bits a channel, red, green, blue. */
const TRUE_COLOUR = [8, 2, 0, 0, 0];

/** Titan Image Generator and Nova Canvas. */
export const image: BodyShape = {
  required: ['taskType'],
  read(body) {
    const { width, height, numberOfImages } = configOf(body);
    within(width, 'imageGenerationConfig/width', LARGEST_SIDE);
    within(height, 'imageGenerationConfig/height', LARGEST_SIDE);
    within(numberOfImages, 'imageGenerationConfig/numberOfImages', MOST_IMAGES);
    return { inputTokens: 0, maxTokens: 0 };
  },
  write(_answer, _model, body) {
    const { width = DEFAULT_SIDE, height = DEFAULT_SIDE, numberOfImages = 1 } = configOf(body);
    const images = Array.from({ length: Number(numberOfImages) }, (_, index) =>
      picture(Number(width), Number(height), `${index}${encodeJson(body)}`),
    );
    return { images };
  },
};

/** Stability's models: the first one had a form of its own. */
export const stability: BodyShape = {
  required: [],
  read(body) {
    if (['prompt', 'text_prompts', 'image'].every((key) => body[key] === undefined)) {
      malformed('#: required key [prompt] not found');
    }
    return { inputTokens: 0, maxTokens: 0 };
  },
  write(_answer, _model, body) {
    const seed = typeof body.seed === 'number' ? body.seed : 0;
    const base64 = picture(DEFAULT_SIDE, DEFAULT_SIDE, encodeJson(body));
    if (body.text_prompts !== undefined) {
      return { result: 'success', artifacts: [{ seed, base64, finishReason: 'SUCCESS' }] };
    }
    return { seeds: [seed], finish_reasons: [null], images: [base64] };
  },
};

/** Films take minutes: these models write them to a bucket. */
export const video: BodyShape = {
  required: [],
  read: () => refuse('This model only answers asynchronously. Try again with StartAsyncInvoke.'),
  write: () => ({}),
};

function configOf({ imageGenerationConfig: config }: JsonObject): JsonObject {
  return isObject(config) ? config : {};
}

function within(value: JsonValue, at: string, most: number): void {
  if (value === undefined) return;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most) {
    malformed(`#/${at}: ${encodeJson(value)} is not between 1 and ${most}`);
  }
}

function picture(width: number, height: number, content: string): string {
  const colour = createHash('sha256').update(content).digest().subarray(0, 3);
  // Each row begins with its filter: none.
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * colour.length, colour)]);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return Buffer.concat([
    PNG_SIGNATURE,
    chunk('IHDR', Buffer.concat([header, Buffer.from(TRUE_COLOUR)])),
    chunk('IDAT', deflateSync(Buffer.alloc(row.length * height, row))),
    chunk('IEND', Buffer.alloc(0)),
  ]).toString('base64');
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
