import type { JsonObject } from '../../../wire/json.ts';
import { encodeJson } from '../../../wire/json.ts';
import type { Answer, Block, StopReason } from '../answer.ts';
import { piecesOf } from '../text.ts';

const STOP_REASONS: Record<StopReason, string> = {
  end: 'end_turn',
  max_tokens: 'max_tokens',
  tool_use: 'tool_use',
};
/** Fields of the request that the answer repeats. */
const ECHOED = ['performanceConfig', 'serviceTier'];

export function writeConverse(answer: Answer, body: JsonObject): JsonObject {
  return {
    output: messageOf(answer),
    stopReason: STOP_REASONS[answer.stop],
    usage: usageOf(answer),
    metrics: { latencyMs: answer.latencyMs },
    ...echo(body),
  };
}

export function messageOf({ blocks }: Answer): JsonObject {
  return { message: { role: 'assistant', content: blocks.map(contentOf) } };
}

export function stopReasonOf({ stop }: Answer): string {
  return STOP_REASONS[stop];
}

export function usageOf({ inputTokens, outputTokens }: Answer): JsonObject {
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
}

/** The events of a stream, in order, each with its type. */
export function streamConverse(answer: Answer, body: JsonObject): [type: string, payload: JsonObject][] {
  return [
    ['messageStart', { role: 'assistant' }],
    ...answer.blocks.flatMap((block, index) => blockEvents(block, index)),
    ['messageStop', { stopReason: STOP_REASONS[answer.stop] }],
    ['metadata', { usage: usageOf(answer), metrics: { latencyMs: answer.latencyMs }, ...echo(body) }],
  ];
}

function contentOf(block: Block): JsonObject {
  if (block.kind === 'text') return { text: block.text };
  if (block.kind === 'toolUse') {
    return { toolUse: { toolUseId: toolUseIdOf(block.id), name: block.name, input: block.input } };
  }
  return { reasoningContent: { reasoningText: { text: block.text, signature: block.signature } } };
}

function blockEvents(block: Block, contentBlockIndex: number): [string, JsonObject][] {
  const start: [string, JsonObject][] =
    block.kind === 'toolUse'
      ? [
          [
            'contentBlockStart',
            { start: { toolUse: { toolUseId: toolUseIdOf(block.id), name: block.name } }, contentBlockIndex },
          ],
        ]
      : [];
  const deltas = deltasOf(block).map((delta): [string, JsonObject] => [
    'contentBlockDelta',
    { delta, contentBlockIndex },
  ]);
  return [...start, ...deltas, ['contentBlockStop', { contentBlockIndex }]];
}

function deltasOf(block: Block): JsonObject[] {
  if (block.kind === 'text') return piecesOf(block.text).map((text) => ({ text }));
  if (block.kind === 'toolUse') {
    return piecesOf(encodeJson(block.input)).map((input) => ({ toolUse: { input } }));
  }
  const thoughts = piecesOf(block.text).map((text) => ({ reasoningContent: { text } }));
  return [...thoughts, { reasoningContent: { signature: block.signature } }];
}

function toolUseIdOf(id: string): string {
  return `tooluse_${id}`;
}

function echo(body: JsonObject): JsonObject {
  return Object.fromEntries(ECHOED.filter((key) => body[key] !== undefined).map((key) => [key, body[key]]));
}
