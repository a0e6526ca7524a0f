/** Messages, and what the smoother makes of them. */
import { readMessage } from '../../../src/core/request/message.ts';
import { describeProblems } from '../../../src/core/request/problem.ts';

export const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';
const LIMITS = { longestWaitSeconds: 6 * 86_400 };
export const HELLO = { messages: [{ role: 'user', content: [{ text: 'hello' }] }] };

export function read(value: unknown) {
  return readMessage(typeof value === 'string' ? value : JSON.stringify(value), LIMITS);
}

export function requestOf(value: unknown) {
  const reading = read(value);
  if (reading.kind === 'invalid') throw new Error(describeProblems(reading.problems));
  if (reading.kind !== 'request') throw new Error(`a ${reading.kind}`);
  return reading.request;
}

export function problemsIn(value: unknown): string {
  const reading = read(value);
  return reading.kind === 'invalid' ? describeProblems(reading.problems) : 'accepted';
}

/** A message with this content in its only message. */
export function withContent(...content: unknown[]) {
  return { model_id: MODEL, converse: { messages: [{ role: 'user', content }] } };
}
