export interface FaultFigures {
  fault: string;
  requests: number;
  /** With FAILED as their outcome: the transient errors used up their attempts. */
  failed: number;
  /** Accepted and never answered. */
  lost: number;
  /** Results that came again. */
  duplicatedResults: number;
  /** Calls that Bedrock charged beyond one for each completed request. */
  paidTwice: number;
  /** From the end of the fault until nothing that was submitted before it is unfinished; absent: never. */
  recoverySeconds?: number;
  /** How often the fault struck: calls, messages or processes. */
  struck: number;
  /** Promises broken, in words: two different results, a call after the outcome, reports that differ. */
  violations: string[];
}

/** Nothing lost, no promise broken, and the fault did strike. */
export function isHarmless({ lost, violations, struck, recoverySeconds }: FaultFigures): boolean {
  return lost === 0 && violations.length === 0 && struck > 0 && recoverySeconds !== undefined;
}
