import data from './delays.json' with { type: 'json' };
import { forkRandom } from './random.ts';

/** Draws milliseconds from one distribution. */
export type Delay = () => number;

export interface Delays {
  queueDelivery: Delay;
  functionStart: Delay;
  coldStart: Delay;
  tableCall: Delay;
  queueSend: Delay;
  bucketCall: Delay;
  bedrockNetwork: Delay;
  indexLagMs: number;
  /** An SQS event source starts with so many batches at once and adds so many a minute. */
  initialConcurrency: number;
  addedPerMinute: number;
  environmentKeptMs: number;
}

/** AWS's delays by the sourced data file, each drawn from a source of its own. */
export function seededDelays(seed: number): Delays {
  const drawn = (name: keyof typeof data, quantiles: Record<string, number>): Delay => {
    const points = curveOf(quantiles);
    const random = forkRandom(seed, name);
    return () => interpolate(points, random());
  };
  return {
    queueDelivery: drawn('queue_delivery', data.queue_delivery.quantiles),
    functionStart: drawn('function_start', data.function_start.quantiles),
    coldStart: drawn('cold_start', data.cold_start.quantiles),
    tableCall: drawn('table_call', data.table_call.quantiles),
    queueSend: drawn('queue_send', data.queue_send.quantiles),
    bucketCall: drawn('bucket_call', data.bucket_call.quantiles),
    bedrockNetwork: drawn('bedrock_network', data.bedrock_network.quantiles),
    indexLagMs: data.index_lag_ms.value,
    initialConcurrency: data.event_source.initial_concurrency,
    addedPerMinute: data.event_source.added_per_minute,
    environmentKeptMs: data.environment_kept_ms.value,
  };
}

type Curve = readonly (readonly [share: number, ms: number])[];

/** The published quantiles, with ends that nobody publishes: a little below the first, half as much again as the last. */
function curveOf(quantiles: Record<string, number>): Curve {
  const points = Object.entries(quantiles)
    .map(([share, ms]) => [Number(share), ms] as const)
    .sort(([a], [b]) => a - b);
  const first = points[0]?.[1] ?? 0;
  const last = points.at(-1)?.[1] ?? 0;
  return [[0, first * 0.9], ...points, [1, last * 1.5]];
}

function interpolate(curve: Curve, share: number): number {
  const above = curve.findIndex(([point]) => share <= point);
  const [toShare, toMs] = curve[above] ?? [1, 0];
  const [fromShare, fromMs] = curve[above - 1] ?? [0, toMs];
  return toShare === fromShare
    ? toMs
    : fromMs + ((toMs - fromMs) * (share - fromShare)) / (toShare - fromShare);
}
