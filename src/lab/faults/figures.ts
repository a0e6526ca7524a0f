export interface FaultFigures {
  fault: string;
  requests: number;
  /** Requests that ended FAILED: transient errors used up their attempts. */
  failed: number;
  /** Requests that were accepted and never answered. */
  lost: number;
  /** Results that came a second time. */
  duplicatedResults: number;
  /** Calls that Bedrock charged beyond one for each completed request. */
  paidTwice: number;
  /** From the end of the fault until all that was submitted before has finished; absent when that never came. */
  recoverySeconds?: number;
  /** How often the fault struck: a number of calls, messages or processes. */
  struck: number;
  /** Broken promises, such as two different results, a call after the outcome, or reports that differ. */
  violations: string[];
}

/** Whether nothing was lost and no promise broken, although the fault did strike. */
export function isHarmless({ lost, violations, struck, recoverySeconds }: FaultFigures): boolean {
  return lost === 0 && violations.length === 0 && struck > 0 && recoverySeconds !== undefined;
}
