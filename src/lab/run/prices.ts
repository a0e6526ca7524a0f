import prices from './prices.json' with { type: 'json' };

export interface BilledCalls {
  action: string;
  count: number;
  /** Billed units, where they differ from calls. */
  units?: number;
}

/**
 * US dollars that calls cost at list prices: requests to DynamoDB, SQS, S3 and starts of functions. Bedrock itself,
 * time of functions, storage and logs are not in it; an action without a price costs nothing.
 */
export function costOf(calls: readonly BilledCalls[]): number {
  return calls.reduce((sum, { action, count, units = count }) => sum + (units * priceOf(action)) / 1e6, 0);
}

function priceOf(action: string): number {
  return prices.usd_per_million.find((row) => new RegExp(row.action).test(action))?.price ?? 0;
}
