import type { Enforcement, QuotaLimits } from './accounting.ts';
import { ENFORCEMENTS } from './accounting.ts';
import { SimulatorOptionError } from './errors.ts';
import { FAULT_KINDS, type FaultRates } from './faults.ts';

export interface SimulatorOptions extends QuotaLimits {
  /** Address to listen on. Default 127.0.0.1. */
  host?: string;
  /** 0 to 65535; 0, the default, takes a free one. */
  port?: number;
  /** How the minute is measured. Default sliding-window. */
  enforcement?: Enforcement;
  /** For some models another, by foundation model id. */
  enforcementByModel?: Readonly<Record<string, Enforcement>>;
  /** Whole number; the same seed gives the same answers to the same requests. Default 1. */
  seed?: number;
  /** Latency of an answer of median size, milliseconds, 0 to 600,000. Default 1,000. */
  latencyMedianMs?: number;
  /** Spread of the logarithm of latencies, 0 to 3. Default 0.3. */
  latencySigma?: number;
  /** Tokens that the median answer would have without a max tokens, 1 to 1,000,000. Default 200. */
  outputMedianTokens?: number;
  /** Spread of the logarithm of output sizes, 0 to 3. Default 0.7. */
  outputSigma?: number;
  faults?: FaultRates;
  /** Application inference profiles that exist here: by ARN, the model's or inference profile's id they were made from. */
  applicationProfiles?: Readonly<Record<string, string>>;
  /**
   * The account: what its ARNs name exists here (inference profiles, stored prompts, provisioned and imported models,
   * prompt routers), and what those of others name does not. Default: the ARNs of every account count.
   */
  accountId?: string;
}

/** They have no default. */
type Optional = keyof QuotaLimits | 'accountId';
export type SimulatorSettings = Required<Omit<SimulatorOptions, Optional>> & Pick<SimulatorOptions, Optional>;

const DEFAULTS = {
  host: '127.0.0.1',
  port: 0,
  enforcement: 'sliding-window' as Enforcement,
  enforcementByModel: {},
  seed: 1,
  latencyMedianMs: 1_000,
  latencySigma: 0.3,
  outputMedianTokens: 200,
  outputSigma: 0.7,
  faults: {},
  applicationProfiles: {},
};

/** Completes the options with defaults. @throws SimulatorOptionError naming option, range and value. */
export function settingsOf(options: SimulatorOptions): SimulatorSettings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: SimulatorSettings = { ...DEFAULTS, ...given };
  const limit = { low: 1, high: 1e12, whole: true };
  check('requestsPerMinute', settings.requestsPerMinute, limit);
  check('tokensPerMinute', settings.tokensPerMinute, limit);
  check('port', settings.port, { low: 0, high: 65_535, whole: true });
  check('seed', settings.seed, { low: Number.MIN_SAFE_INTEGER, high: Number.MAX_SAFE_INTEGER, whole: true });
  check('latencyMedianMs', settings.latencyMedianMs, { low: 0, high: 600_000 });
  check('latencySigma', settings.latencySigma, { low: 0, high: 3 });
  check('outputMedianTokens', settings.outputMedianTokens, { low: 1, high: 1_000_000 });
  check('outputSigma', settings.outputSigma, { low: 0, high: 3 });
  for (const enforcement of [settings.enforcement, ...Object.values(settings.enforcementByModel)]) {
    if (ENFORCEMENTS.includes(enforcement)) continue;
    throw new SimulatorOptionError('enforcement', `one of ${ENFORCEMENTS.join(', ')}`, enforcement);
  }
  for (const [kind, rate] of Object.entries(settings.faults)) {
    if (!FAULT_KINDS.some((known) => known === kind)) {
      throw new SimulatorOptionError('faults', `of the kinds ${FAULT_KINDS.join(', ')}`, kind);
    }
    check(`faults.${kind}`, rate, { low: 0, high: 1 });
  }
  const together = Object.values(settings.faults).reduce((sum, rate) => sum + rate, 0);
  if (together > 1) throw new SimulatorOptionError('faults', 'rates of together at most 1', together);
  return settings;
}

function check(
  option: string,
  value: number | undefined,
  range: { low: number; high: number; whole?: boolean },
): void {
  if (value === undefined) return;
  const { low, high, whole = false } = range;
  if (typeof value !== 'number' || !(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
    throw new SimulatorOptionError(option, `a ${whole ? 'whole ' : ''}number from ${low} to ${high}`, value);
  }
}
