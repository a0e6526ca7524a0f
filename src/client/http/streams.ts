/** A whole answer as the events of a stream: all at once, since the smoother has it whole. */
import { encodeChunk, encodeEvent } from '../../wire/event-stream.ts';
import { encodeJson, isObject, type JsonObject, type JsonValue } from '../../wire/json.ts';

type Event = [type: string, payload: JsonObject];

/** Of ConverseStream. */
export function converseEvents(answer: JsonObject): Uint8Array[] {
  const { output, stopReason, usage, metrics, additionalModelResponseFields, ...rest } = answer;
  const events: Event[] = [
    ...messageEvents(output),
    ['messageStop', { stopReason, additionalModelResponseFields }],
    ['metadata', { usage, metrics, ...rest }],
  ];
  return events.map(([type, payload]) => encodeEvent(type, payload));
}

/** Of InvokeModelWithResponseStream, in the model's own form as far as it is known; else the body in one chunk. */
export function bodyChunks(body: JsonObject): Uint8Array[] {
  if (body.type === 'message' && Array.isArray(body.content)) return anthropicParts(body).map(encodeChunk);
  if (isObject(body.output) && isObject(body.output.message)) return novaParts(body).map(encodeChunk);
  return [encodeChunk(body)];
}

function novaParts({ output, stopReason, usage }: JsonObject): JsonObject[] {
  const events: Event[] = [
    ...messageEvents(output),
    ['messageStop', { stopReason }],
    ['metadata', { usage }],
  ];
  return events.map(([type, payload]) => ({ [type]: payload }));
}

function messageEvents(output: JsonValue): Event[] {
  const message = isObject(output) && isObject(output.message) ? output.message : {};
  const blocks = Array.isArray(message.content) ? message.content.filter(isObject) : [];
  return [['messageStart', { role: message.role ?? 'assistant' }], ...blocks.flatMap(blockEvents)];
}

function blockEvents(block: JsonObject, contentBlockIndex: number): Event[] {
  const { start, deltas } = partsOf(block);
  return [
    ...(start === undefined ? [] : [['contentBlockStart', { start, contentBlockIndex }] satisfies Event]),
    ...deltas.map((delta): Event => ['contentBlockDelta', { delta, contentBlockIndex }]),
    ['contentBlockStop', { contentBlockIndex }],
  ];
}

interface Parts {
  start?: JsonObject;
  deltas: JsonObject[];
}

function partsOf(block: JsonObject): Parts {
  const { text, toolUse, toolResult, image, reasoningContent, citationsContent } = block;
  if (isObject(toolUse)) {
    const { input, ...named } = toolUse;
    return { start: { toolUse: named }, deltas: [{ toolUse: { input: encodeJson(input) } }] };
  }
  if (isObject(toolResult)) {
    const { content, ...named } = toolResult;
    return { start: { toolResult: named }, deltas: [{ toolResult: content }] };
  }
  if (isObject(image)) {
    const { format, ...rest } = image;
    return { start: { image: { format } }, deltas: [{ image: rest }] };
  }
  if (isObject(reasoningContent)) {
    const { reasoningText, redactedContent } = reasoningContent;
    if (!isObject(reasoningText)) return { deltas: [{ reasoningContent: { redactedContent } }] };
    const { text: thought, signature } = reasoningText;
    const signed = signature === undefined ? [] : [{ reasoningContent: { signature } }];
    return { deltas: [{ reasoningContent: { text: thought } }, ...signed] };
  }
  if (isObject(citationsContent)) {
    const { content, citations } = citationsContent;
    const texts = Array.isArray(content) ? content.filter(isObject) : [];
    const cited = Array.isArray(citations) ? citations.map((citation) => ({ citation })) : [];
    return { deltas: [...texts, ...cited] };
  }
  // A kind of block that is newer than this code comes whole, under its own name.
  return { deltas: [text === undefined ? block : { text }] };
}

function anthropicParts({
  content,
  stop_reason,
  stop_sequence,
  usage,
  ...message
}: JsonObject): JsonObject[] {
  const begun = { ...message, content: [], stop_reason: null, stop_sequence: null, usage };
  return [
    { type: 'message_start', message: begun },
    ...(content as JsonValue[])
      .filter(isObject)
      .flatMap((block, index) => [
        { type: 'content_block_start', index, content_block: emptied(block) },
        ...anthropicDeltas(block).map((delta) => ({ type: 'content_block_delta', index, delta })),
        { type: 'content_block_stop', index },
      ]),
    { type: 'message_delta', delta: { stop_reason, stop_sequence }, usage },
    { type: 'message_stop' },
  ];
}

function emptied(block: JsonObject): JsonObject {
  if (block.type === 'text') return { ...block, text: '' };
  if (block.type === 'tool_use') return { ...block, input: {} };
  return block.type === 'thinking' ? { ...block, thinking: '', signature: '' } : block;
}

function anthropicDeltas({ type, text, input, thinking, signature }: JsonObject): JsonObject[] {
  if (type === 'text') return [{ type: 'text_delta', text }];
  if (type === 'tool_use') return [{ type: 'input_json_delta', partial_json: encodeJson(input) }];
  if (type !== 'thinking') return [];
  return [
    { type: 'thinking_delta', thinking },
    { type: 'signature_delta', signature },
  ];
}
