import { BedrockError } from '../../wire/errors.ts';
import { uniform } from './random.ts';

/** What can go wrong besides the quota, each with its share of the calls. */
export const FAULT_KINDS = [
  'throttling',
  'tokens-per-day',
  'model-not-ready',
  'service-unavailable',
  'internal-server',
  'model-timeout',
  'model-error',
  'access-denied',
  'connection-reset',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
/** Shares of calls, each 0 to 1, together at most 1. */
export type FaultRates = Partial<Record<FaultKind, number>>;

/** These happen while the model works: the call has been admitted, and its input is charged. */
export const FAULTS_WHILE_RUNNING: readonly FaultKind[] = [
  'model-timeout',
  'model-error',
  'connection-reset',
];

/** Draws the fault of the `call`-th call, if it has one. */
export function drawFault(rates: FaultRates, seed: number, call: number): FaultKind | undefined {
  let left = uniform(seed, 'fault', call);
  for (const kind of FAULT_KINDS) {
    left -= rates[kind] ?? 0;
    if (left < 0) return kind;
  }
  return undefined;
}

/** Messages as Bedrock words them. */
export function throttled(what: 'requests' | 'tokens' | 'tokens per day'): BedrockError {
  return new BedrockError('ThrottlingException', `Too many ${what}, please wait before trying again.`);
}

const TRY_AGAIN = 'The system encountered an unexpected error during processing. Try your request again.';

const FAULTS: Record<Exclude<FaultKind, 'connection-reset'>, () => BedrockError> = {
  throttling: () => throttled('requests'),
  'tokens-per-day': () => throttled('tokens per day'),
  'model-not-ready': () =>
    new BedrockError(
      'ModelNotReadyException',
      'The model is not ready to serve inference requests. Try your request again.',
    ),
  'service-unavailable': () =>
    new BedrockError('ServiceUnavailableException', 'Bedrock is unable to process your request.'),
  'internal-server': () => new BedrockError('InternalServerException', TRY_AGAIN),
  'model-timeout': () =>
    new BedrockError(
      'ModelTimeoutException',
      'Model has timed out in processing the request. Try your request again.',
    ),
  'model-error': () => new BedrockError('ModelErrorException', TRY_AGAIN),
  'access-denied': () =>
    new BedrockError(
      'AccessDeniedException',
      "You don't have access to the model with the specified model ID.",
    ),
};

export function faultError(kind: Exclude<FaultKind, 'connection-reset'>): BedrockError {
  return FAULTS[kind]();
}

/** A stream that has begun reports a failure as one of its events. */
export function streamFault(kind: Exclude<FaultKind, 'connection-reset'>): BedrockError {
  return new BedrockError('ModelStreamErrorException', faultError(kind).message);
}
