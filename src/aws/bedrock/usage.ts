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

/** What Bedrock itself counted, whatever the model: the headers of an InvokeModel answer. */
export function usageOfHeaders(headers: Headers): Usage | undefined {
  const count = (kind: string) => numberOf(headers[`x-amzn-bedrock-${kind}-token-count`]);
  return usageOf(count('input'), count('output'), count('cache-read-input'), count('cache-write-input'));
}

/** Milliseconds, by Bedrock's own measure. */
export function latencyOfHeaders(headers: Headers): number | undefined {
  return numberOf(headers['x-amzn-bedrock-invocation-latency']);
}

function numberOf(header: string | undefined): number | undefined {
  const number = Number(header);
  return header === undefined || Number.isNaN(number) ? undefined : number;
}
