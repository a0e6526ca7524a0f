import type { Finding, Severity } from '../../core/operations/findings.ts';
import { counted } from './numbers.ts';

const MARKS: Record<Severity, string> = { ok: '✔', fault: '✘', warning: '!', unknown: '?' };
const ORDER: readonly Severity[] = ['fault', 'warning', 'unknown', 'ok'];

/** The worst first, each with its remedy. */
export function findingsText(findings: readonly Finding[], all = false): string {
  const shown = findings
    .filter(({ severity }) => all || severity !== 'ok')
    .sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  const count = (severity: Severity) => findings.filter((it) => it.severity === severity).length;
  const summary = `${counted(count('fault'), 'fault')}, ${counted(count('warning'), 'warning')}, ${counted(count('ok'), 'check is', 'checks are')} well, ${count('unknown')} could not be made.`;
  return [...shown.map(findingText), summary].join('\n');
}

function findingText({ check, severity, says, remedy }: Finding): string {
  const line = `${MARKS[severity]} ${check}: ${says}`;
  return remedy === undefined ? line : `${line}\n    ${remedy}`;
}
