/** Models that turn texts and media into vectors: of the right length, of length 1, the same for the same input. */
import { createHash } from 'node:crypto';
import { encodeJson, isObject, type JsonObject, type JsonValue } from '../../../wire/json.ts';
import { malformed } from '../constraints.ts';
import type { Model } from '../models.ts';
import { countInputTokens } from '../tokens.ts';
import type { BodyShape } from './shape.ts';

/** Bytes from which a component is made. */
const COMPONENT_BYTES = 4;
const INT8_MAX = 127;

export const titanEmbed: BodyShape = {
  required: [],
  read(body, model) {
    if (model.id.includes('embed-image')) {
      if (body.inputText === undefined && body.inputImage === undefined) {
        malformed('#: required key [inputText] or [inputImage] not found');
      }
    } else if (typeof body.inputText !== 'string' || body.inputText === '') {
      malformed('#: required key [inputText] not found');
    }
    titanDimensions(body, model);
    return embedding({ prompt: String(body.inputText ?? ''), media: body.inputImage });
  },
  write(answer, model, body) {
    const dimensions = titanDimensions(body, model);
    const vector = vectorOf(dimensions, [body.inputText, body.inputImage]);
    const types = Array.isArray(body.embeddingTypes) ? body.embeddingTypes : ['float'];
    const byType = Object.fromEntries(types.map((type) => [String(type), inType(vector, String(type))]));
    return {
      ...(types.includes('float') && { embedding: vector }),
      ...(model.id.includes('text-v2') && { embeddingsByType: byType }),
      inputTextTokenCount: answer.inputTokens,
    };
  },
};

function titanDimensions({ dimensions, embeddingConfig }: JsonObject, { id }: Model): number {
  if (id.includes('embed-image')) {
    const length = isObject(embeddingConfig) ? embeddingConfig.outputEmbeddingLength : undefined;
    return oneOf(length, [1_024, 384, 256], 'embeddingConfig/outputEmbeddingLength');
  }
  return id.includes('text-v2') ? oneOf(dimensions, [1_024, 512, 256], 'dimensions') : 1_536;
}

const COHERE_INPUT_TYPES = [
  'search_document',
  'search_query',
  'classification',
  'clustering',
  'image',
] as const;

export const cohereEmbed: BodyShape = {
  required: ['input_type'],
  read(body, model) {
    const inputs = cohereInputs(body);
    if (inputs.length === 0) malformed('#: required key [texts] or [images] not found');
    oneOf(body.input_type, COHERE_INPUT_TYPES, 'input_type');
    cohereDimensions(body, model);
    return embedding({ media: inputs });
  },
  write(answer, model, body) {
    const vectors = cohereInputs(body).map((input) => vectorOf(cohereDimensions(body, model), input));
    const types = body.embedding_types;
    const common = { id: answer.id, ...(body.texts !== undefined && { texts: body.texts }) };
    if (!Array.isArray(types)) return { ...common, embeddings: vectors, response_type: 'embeddings_floats' };
    const byType = types.map((type) => [type, vectors.map((vector) => inType(vector, String(type)))]);
    return { ...common, embeddings: Object.fromEntries(byType), response_type: 'embeddings_by_type' };
  },
};

function cohereInputs({ texts, images, inputs }: JsonObject): JsonValue[] {
  return [texts, images, inputs].flatMap((each) => (Array.isArray(each) ? each : []));
}

function cohereDimensions({ output_dimension: dimension }: JsonObject, { id }: Model): number {
  if (id.includes('embed-v4')) return oneOf(dimension, [1_536, 1_024, 512, 256], 'output_dimension');
  return 1_024;
}

export const novaEmbed: BodyShape = {
  required: ['taskType'],
  read(body) {
    if (body.taskType !== 'SINGLE_EMBEDDING') {
      malformed('#/taskType: only SINGLE_EMBEDDING is answered at once; longer media need StartAsyncInvoke');
    }
    novaDimension(body);
    if (novaMedium(body) === undefined) {
      malformed(`#/singleEmbeddingParams: required key [${NOVA_MEDIA.join('], [')}] not found`);
    }
    return embedding({ media: body.singleEmbeddingParams });
  },
  write: (_answer, _model, body) => {
    const { kind, content } = novaMedium(body) ?? { kind: 'text', content: '' };
    return {
      embeddings: [{ embeddingType: kind.toUpperCase(), embedding: vectorOf(novaDimension(body), content) }],
    };
  },
};

const NOVA_MEDIA = ['text', 'image', 'audio', 'video'];

function novaMedium({ singleEmbeddingParams: params }: JsonObject) {
  const kind = NOVA_MEDIA.find((name) => (params as JsonObject)[name] !== undefined);
  return kind === undefined ? undefined : { kind, content: (params as JsonObject)[kind] };
}

function novaDimension({ singleEmbeddingParams: params }: JsonObject): number {
  if (!isObject(params)) return malformed('#: required key [singleEmbeddingParams] not found');
  return oneOf(
    params.embeddingDimension,
    [3_072, 1_024, 384, 256],
    'singleEmbeddingParams/embeddingDimension',
  );
}

export const marengo: BodyShape = {
  required: ['inputType'],
  read: (body) => embedding({ media: body }),
  write: (_answer, { id }, body) => ({
    data: [{ embedding: vectorOf(id.includes('-2-7-') ? 1_024 : 512, body) }],
  }),
};

/** Nothing comes out that would be counted in tokens. */
function embedding(parts: Parameters<typeof countInputTokens>[0]) {
  return { inputTokens: countInputTokens(parts), maxTokens: 0 };
}

function oneOf<Choice extends JsonValue>(
  value: JsonValue,
  choices: readonly [Choice, ...Choice[]],
  at: string,
): Choice {
  if (value === undefined) return choices[0];
  return (
    choices.find((choice) => choice === value) ??
    malformed(`#/${at}: ${encodeJson(value)} is not a valid enum value (${choices.join(', ')})`)
  );
}

function vectorOf(dimensions: number, input: JsonValue): number[] {
  const bytes = createHash('shake256', { outputLength: dimensions * COMPONENT_BYTES })
    .update(encodeJson(input ?? null))
    .digest();
  const raw = Array.from({ length: dimensions }, (_, at) => bytes.readInt32LE(at * COMPONENT_BYTES));
  const length = Math.hypot(...raw);
  return raw.map((component) => component / length);
}

function inType(vector: number[], type: string): number[] {
  if (type === 'float') return vector;
  if (type === 'binary' || type === 'ubinary') return vector.map((component) => Number(component > 0));
  const scaled = vector.map((component) => Math.round(component * INT8_MAX));
  return type === 'uint8' ? scaled.map((component) => component + INT8_MAX + 1) : scaled;
}
