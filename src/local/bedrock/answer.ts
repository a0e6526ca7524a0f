import type { JsonObject, JsonValue } from '../../wire/json.ts';

export interface Tool {
  name: string;
  /** JSON Schema of its arguments. */
  schema: JsonObject;
}

/** What a call comes down to, whatever API and body shape it used. */
export interface Prompt {
  inputTokens: number;
  /** As the caller set it, or as the model sets it for this API; absent: the model's maximum. 0: no tokens come out. */
  maxTokens?: number;
  /** The tool that the model has to call, or calls of its own accord because the last message names it. */
  tool?: Tool;
  /** JSON Schema that the answer has to fit. */
  schema?: JsonObject;
  /** Whether the model thinks aloud first. */
  thinks?: boolean;
}

/** A part of an answer. */
export type Block =
  | { kind: 'reasoning'; text: string; signature: string }
  | { kind: 'text'; text: string }
  | { kind: 'toolUse'; id: string; name: string; input: JsonValue };

export type StopReason = 'end' | 'max_tokens' | 'tool_use';

/** A finished answer, before it takes a body shape. */
export interface Answer {
  /** The same for the same request. */
  id: string;
  blocks: Block[];
  inputTokens: number;
  outputTokens: number;
  stop: StopReason;
  latencyMs: number;
}

/** The text of an answer without what the model thought. */
export function textOf({ blocks }: Answer): string {
  return blocks.map((block) => (block.kind === 'text' ? block.text : '')).join('');
}
