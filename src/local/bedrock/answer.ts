/** What a call comes down to, whatever API and body shape it used. */
export interface Prompt {
  inputTokens: number;
  /** As the caller set it; absent: the model's maximum. */
  maxTokens?: number;
}

/** A finished answer, before it takes a body shape. */
export interface Answer {
  /** The same for the same request. */
  id: string;
  text: string;
  inputTokens: number;
  outputTokens: number;
  /** Cut off at max tokens. */
  truncated: boolean;
  latencyMs: number;
}
