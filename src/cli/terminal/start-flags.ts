import { ENFORCEMENTS, type Enforcement } from '../../local/bedrock/accounting.ts';
import { choiceFlag, type NumberRange, numberFlag, readFlags, urlFlag } from './flags.ts';

export interface StartOptions {
  /** JSON lines of input messages. */
  input: string;
  /** Quota of every model, requests a minute. */
  rpm: number;
  /** Quota of every model, tokens a minute. */
  tpm: number;
  enforcement: Enforcement;
  /** For some models another, by foundation model id. No flag. */
  enforcementByModel?: Readonly<Record<string, Enforcement>>;
  seed: number;
  /** A tfvars file, HCL or JSON. */
  varFile?: string;
  /** Where to write the result messages, as JSON lines. */
  results?: string;
  /** Where to write the figures, as JSON. */
  summary?: string;
  /** Where to write the functions' log lines. */
  logs?: string;
  /** URL of an emulator of DynamoDB, SQS and S3 to run on, in place of the embedded ones. */
  backend?: string;
}

/** Lets the examples end in about half a minute, most of it above the quota. */
const DEFAULTS = { rpm: 480, tpm: 2_000_000, enforcement: 'sliding-window' as Enforcement, seed: 1 };
const LIMIT: NumberRange = { min: 1, max: 1e12, whole: true };

/** @throws UsageError naming flag, range and value */
export function startOptions(args: readonly string[], examples: string): StartOptions {
  const flags = readFlags(args, [
    'input',
    'rpm',
    'tpm',
    'enforcement',
    'seed',
    'var-file',
    'results',
    'summary',
    'logs',
    'backend',
  ]);
  return {
    input: flags.input ?? examples,
    rpm: numberFlag('rpm', flags.rpm, LIMIT) ?? DEFAULTS.rpm,
    tpm: numberFlag('tpm', flags.tpm, LIMIT) ?? DEFAULTS.tpm,
    enforcement: choiceFlag('enforcement', flags.enforcement, ENFORCEMENTS) ?? DEFAULTS.enforcement,
    seed:
      numberFlag('seed', flags.seed, { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true }) ?? DEFAULTS.seed,
    varFile: flags['var-file'],
    results: flags.results,
    summary: flags.summary,
    logs: flags.logs,
    backend: urlFlag('backend', flags.backend),
  };
}
