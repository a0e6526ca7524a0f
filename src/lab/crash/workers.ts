/** Runs the enumeration's parts on all processors. */
import { inProcesses } from '../processes.ts';
import type { Finding } from './suite.ts';

const PROGRAM = new URL('./worker.ts', import.meta.url);

/** @param onFinding called as each part ends, in no particular order */
export function enumerateAll(
  parts: readonly string[],
  onFinding: (finding: Finding) => void,
): Promise<Finding[]> {
  return inProcesses(PROGRAM, parts, onFinding);
}
