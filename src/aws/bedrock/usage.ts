import type { TokenUsage } from '@aws-sdk/client-bedrock-runtime';
import { type Usage, usageOf } from '../../core/request/record.ts';
import type { Headers } from './exchange.ts';

export function usageOfConverse(usage: TokenUsage | undefined): Usage | undefined {
  return usageOf(
    usage?.inputTokens,
    usage?.outputTokens,
    usage?.cacheReadInputTokens,
    usage?.cacheWriteInputTokens,
  );
}

/**
 * What Bedrock itself counted, whatever the model: the headers of an InvokeModel answer.
 * @param countsOutput false for embeddings and the like: their answers tell the input alone
 */
export function usageOfHeaders(headers: Headers, countsOutput: boolean): Usage | undefined {
  const count = (kind: string) => numberOf(headers[`x-amzn-bedrock-${kind}-token-count`]);
  const output = count('output') ?? (countsOutput ? undefined : 0);
  return usageOf(count('input'), output, count('cache-read-input'), count('cache-write-input'));
}

/** Milliseconds, by Bedrock's own measure. */
export function latencyOfHeaders(headers: Headers): number | undefined {
  return numberOf(headers['x-amzn-bedrock-invocation-latency']);
}

function numberOf(header: string | undefined): number | undefined {
  const number = Number(header);
  return header === undefined || Number.isNaN(number) ? undefined : number;
}
