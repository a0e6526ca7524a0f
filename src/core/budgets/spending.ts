/** What calls spend of a budget: tokens as Bedrock counts them for the bill (no burndown), and dollars at list prices. */
import { NO_SPENDING, type Spending } from '../lane/budgets.ts';
import { costOf } from '../reporting/prices.ts';
import { inputOf, type Usage } from '../request/record.ts';

/** What a release may spend at most. All input may be written to a cache, which is where it costs most. */
export interface Reservation extends Spending {
  /** The model has no price: its dollars count as 0 here. */
  unpriced?: true;
}

/** @param reservedTokens input and max tokens, as far as the input's estimate tells */
export function reservationOf(lane: string, reservedTokens: number, maxTokens: number): Reservation {
  const cost = costOf(lane, {
    input_tokens: 0,
    cache_write_tokens: Math.max(0, reservedTokens - maxTokens),
    output_tokens: maxTokens,
  });
  return { tokens: reservedTokens, nano_usd: cost ?? 0, ...(cost === undefined && { unpriced: true }) };
}

function spendingOf(lane: string, usage: Usage): Spending {
  return { tokens: inputOf(usage) + usage.output_tokens, nano_usd: costOf(lane, usage) ?? 0 };
}

/** Of a call that has ended: by its usage; all that was reserved where Bedrock may have charged for it and has not said what. */
export function spentBy(
  lane: string,
  { tokens, nano_usd }: Reservation,
  usage: Usage | undefined,
  isCharged: boolean,
): Spending {
  if (usage !== undefined) return spendingOf(lane, usage);
  return isCharged ? { tokens, nano_usd } : NO_SPENDING;
}
