/** What calls cost. Data with source and date: prices.json. List prices of the standard tier, not a bill. */
import { parseModelId } from '../lane/catalog/catalog.ts';
import type { Usage } from '../request/record.ts';
import data from './prices.json' with { type: 'json' };

/** US dollars per million tokens. */
interface Price {
  input: number;
  output: number;
  /** Where it is not the maker's usual share of the input's price. */
  cache_read?: number;
}

const PRICES = new Map<string, Price>(Object.entries(data.models));
/** By the model's maker: cached tokens as a share of the input's price. */
const CACHE_FACTORS = new Map<string, { read: number; write: number }>(Object.entries(data.cache));
const GEO_PREMIUM = { models: new RegExp(data.geo_premium.match), factor: data.geo_premium.factor };

/**
 * In billionths of a US dollar, whole: what is added up in any order must not depend on rounding, and one token can
 * cost less than a millionth. Undefined for a model without a price.
 */
export function costOf(modelId: string, usage: Usage): number | undefined {
  const { name, kind } = parseModelId(modelId);
  const price = PRICES.get(name);
  if (price === undefined) return undefined;
  const cache = CACHE_FACTORS.get(name.split('.')[0] ?? '') ?? { read: 1, write: 1 };
  const cost =
    usage.input_tokens * price.input +
    (usage.cache_read_tokens ?? 0) * (price.cache_read ?? price.input * cache.read) +
    (usage.cache_write_tokens ?? 0) * price.input * cache.write +
    usage.output_tokens * price.output;
  const factor = kind === 'geo' && GEO_PREMIUM.models.test(name) ? GEO_PREMIUM.factor : 1;
  // A dollar for a million tokens is a thousand billionths for one.
  return Math.round(cost * factor * 1000);
}
