/** Questions to AWS whose failure is an answer, too. */
import type { Asked } from '../../core/operations/inspection.ts';
import { problemOf } from '../terminal/problems.ts';

export async function ask<Answer>(question: () => Promise<Answer>): Promise<Asked<Answer>> {
  try {
    return { answer: await question() };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { error: isNotOffered(error) ? 'NotOffered' : name, says: problemOf(error)?.message ?? message };
  }
}

/** The local cloud answers so whatever it does not offer, in a form that not every client can read. */
function isNotOffered(error: unknown): boolean {
  const { $metadata, $response } = error as {
    $metadata?: { httpStatusCode?: number };
    $response?: { statusCode?: number };
  };
  return ($metadata?.httpStatusCode ?? $response?.statusCode) === 501;
}
