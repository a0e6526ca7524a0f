/** The environment of the functions, in Markdown, for docs/architecture.md. */
import { ENVIRONMENTS, FUNCTION_NAMES, type Rules } from '../../src/core/layout/environment.ts';
import { renderTable } from './markdown.ts';

export function renderEnvironments(): string {
  const readers = new Map<string, { expected: string; functions: string[] }>();
  for (const name of FUNCTION_NAMES) {
    const rules: Rules = ENVIRONMENTS[name];
    for (const [variable, { expected }] of Object.entries(rules)) {
      const functions = readers.get(variable)?.functions ?? [];
      readers.set(variable, { expected, functions: [...functions, name] });
    }
  }
  const rows = [...readers].map(([variable, { expected, functions }]) => [
    `\`${variable}\``,
    expected,
    functions.length === FUNCTION_NAMES.length ? 'all' : functions.join(', '),
  ]);
  return renderTable([['variable', 'is', 'read by'], ...rows]);
}
