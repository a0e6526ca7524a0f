import { ENFORCEMENTS } from '../../local/bedrock/accounting.ts';
import { FAULT_KINDS, type FaultRates } from '../../local/bedrock/faults.ts';
import type { SimulatorOptions } from '../../local/bedrock/options.ts';
import { choiceFlag, type NumberRange, numberFlag, readFlags, UsageError } from './flags.ts';

const LIMIT: NumberRange = { min: 1, max: 1e12, whole: true };
const SEED: NumberRange = { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true };
const SIGMA: NumberRange = { min: 0, max: 3 };

/** The simulator's options from its command line. @throws UsageError naming flag, range and value */
export function simulatorOptions(args: readonly string[]): SimulatorOptions {
  const flags = readFlags(args, [
    'host',
    'port',
    'rpm',
    'tpm',
    'enforcement',
    'seed',
    'latency-ms',
    'latency-sigma',
    'output-tokens',
    'output-sigma',
    'faults',
  ]);
  return {
    host: flags.host,
    port: numberFlag('port', flags.port, { min: 0, max: 65_535, whole: true }),
    requestsPerMinute: numberFlag('rpm', flags.rpm, LIMIT),
    tokensPerMinute: numberFlag('tpm', flags.tpm, LIMIT),
    enforcement: choiceFlag('enforcement', flags.enforcement, ENFORCEMENTS),
    seed: numberFlag('seed', flags.seed, SEED),
    latencyMedianMs: numberFlag('latency-ms', flags['latency-ms'], { min: 0, max: 600_000 }),
    latencySigma: numberFlag('latency-sigma', flags['latency-sigma'], SIGMA),
    outputMedianTokens: numberFlag('output-tokens', flags['output-tokens'], { min: 1, max: 1_000_000 }),
    outputSigma: numberFlag('output-sigma', flags['output-sigma'], SIGMA),
    faults: faultRates(flags.faults),
  };
}

/** `throttling=0.01,model-error=0.005` */
function faultRates(value: string | undefined): FaultRates | undefined {
  if (value === undefined) return undefined;
  const rates: FaultRates = {};
  for (const part of value.split(',')) {
    const [name, rate] = part.split('=');
    const kind = FAULT_KINDS.find((known) => known === name);
    if (!kind || rate === undefined) {
      throw new UsageError('faults', `must be a list of KIND=RATE, kinds ${FAULT_KINDS.join(', ')}`, part);
    }
    rates[kind] = numberFlag(`faults ${kind}`, rate, { min: 0, max: 1 });
  }
  return rates;
}
