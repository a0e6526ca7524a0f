/** What a request that has not been released is expected to be charged, by what answers in its lane are charged. */
import { burndownOf } from './catalog/catalog.ts';

/** Of an answer of unknown length, before there has been any. */
const FIRST_GUESS_TOKENS = 500;

/** What an answer is charged in this lane, before there has been any. */
export function firstAnswerCharge(lane: string): number {
  return FIRST_GUESS_TOKENS * burndownOf(lane);
}

/**
 * An answer counts for as much as others were charged, but never for more than its max tokens can be.
 * @param answer what an answer is charged
 */
export function chargesIn(
  lane: string,
  answer = firstAnswerCharge(lane),
): (request: { input_tokens: number; max_tokens?: number }) => number {
  const burndown = burndownOf(lane);
  return ({ input_tokens, max_tokens = Number.POSITIVE_INFINITY }) =>
    input_tokens + Math.min(answer, max_tokens * burndown);
}
