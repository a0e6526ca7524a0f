import prices from './prices.json' with { type: 'json' };

export interface BilledCalls {
  action: string;
  count: number;
  /** Billed units, where they differ from calls. */
  units?: number;
}

/**
 * What calls cost at list prices, in US dollars: requests to DynamoDB, SQS and S3, and starts of functions that one asks
 * for itself. Bedrock, starts by queues and schedules, run time, storage and logs are not included; an action without a price costs nothing.
 */
export function costOf(calls: readonly BilledCalls[]): number {
  return calls.reduce((sum, { action, count, units = count }) => sum + (units * priceOf(action)) / 1e6, 0);
}

function priceOf(action: string): number {
  return prices.usd_per_million.find((row) => new RegExp(row.action).test(action))?.price ?? 0;
}
