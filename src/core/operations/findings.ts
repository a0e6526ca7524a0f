/** What the doctor says of a stack: each finding with its remedy. */
import { isNotAllowed } from './errors.ts';

export type Severity = 'ok' | 'fault' | 'warning' | 'unknown';

export interface Finding {
  /** What was looked at. */
  check: string;
  severity: Severity;
  says: string;
  /** What to do; absent where there is nothing to do. */
  remedy?: string;
}

export const APPLY =
  'Apply the stack in this Region, or say which one is meant with --outputs or --name-prefix';
/** Of a service that cannot be asked here: the local cloud offers only what the functions use. */
const NOT_OFFERED = 'NotOffered';

export function unanswered(
  check: string,
  { error, says }: { error: string; says: string },
  remedy?: string,
): Finding {
  if (error === NOT_OFFERED) {
    return { check, severity: 'unknown', says: 'The local cloud cannot be asked about this.' };
  }
  if (isNotAllowed(error)) {
    return {
      ...{ check, severity: 'unknown', says },
      remedy: 'Use credentials with the policy of the output operator_read_policy_json',
    };
  }
  return { check, severity: 'fault', says, remedy };
}

export function ok(check: string, says: string): Finding {
  return { check, severity: 'ok', says };
}

export function fault(check: string, says: string, remedy: string): Finding {
  return { check, severity: 'fault', says, remedy };
}

export function warning(check: string, says: string, remedy: string): Finding {
  return { check, severity: 'warning', says, remedy };
}
