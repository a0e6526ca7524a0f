/** Runs workloads with the smoother as it is deployed by default. */

import { leaseMs } from '../../core/request/times.ts';
import type { Enforcement } from '../../local/bedrock/accounting.ts';
import { VARIABLES, type VariableName } from '../../stack/variable-table.ts';
import type { WorldSettings } from '../simulation/observation.ts';
import type { Workload } from '../simulation/workload.ts';
import { World } from '../simulation/world.ts';
import { type Figures, figuresOf } from './figures.ts';

export async function bench(workload: Workload, enforcement: Enforcement, seed: number): Promise<Figures> {
  const world = new World(workload, settingsFor(workload, enforcement, seed));
  return figuresOf(workload, await world.run(), { enforcement, seed });
}

/** An operator who allows more workers lets more messages wait for them. */
function settingsFor({ workers }: Workload, enforcement: Enforcement, seed: number): WorldSettings {
  const settings = defaultSettings(enforcement, seed);
  if (workers === undefined) return settings;
  const { prioritization } = settings;
  const queueDepthThreshold = Math.max(prioritization.queueDepthThreshold, workers);
  return { ...settings, prioritization: { ...prioritization, workers, queueDepthThreshold } };
}

/** What the handlers make of the variables' defaults. */
export function defaultSettings(enforcement: Enforcement, seed: number): WorldSettings {
  const bundleMs = defaultOf('invocation_timeout_seconds') * 1_000;
  return {
    enforcement,
    seed,
    bundleMs,
    memoryMegabytes: defaultOf('invocation_memory_megabytes'),
    prioritization: {
      engine: {
        averageRequestMs: defaultOf('average_request_duration') * 1_000,
        minutesToProcess: defaultOf('minutes_to_process'),
        leaseMs: leaseMs(bundleMs),
      },
      workers: defaultOf('max_concurrent_executions'),
      queueDepthThreshold: defaultOf('queue_depth_threshold'),
      metricsNamespace: 'bench',
    },
  };
}

/** Of a variable that is a number. */
export function defaultOf(name: VariableName): number {
  const variable = VARIABLES.find((it) => it.name === name);
  return Number(variable !== undefined && 'default' in variable ? variable.default : Number.NaN);
}
