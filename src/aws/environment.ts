import type { Rules, Values } from '../core/layout/environment.ts';
import { EnvironmentError } from './errors.ts';

/**
 * Reads the variables that a function needs. All are required; an empty or blank value is a missing one.
 * @throws EnvironmentError naming each variable that is missing or malformed, what was expected and what came.
 */
export function readEnvironment<R extends Rules>(
  rules: R,
  environment: Readonly<Record<string, string | undefined>>,
): Values<R> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, { expected, read }] of Object.entries(rules)) {
    const given = environment[name]?.trim();
    values[name] = given ? read(given) : undefined;
    if (!given) problems.push(`${name}: missing`);
    else if (values[name] === undefined) {
      problems.push(`${name}: must be ${expected}; is ${JSON.stringify(given)}`);
    }
  }
  if (problems.length > 0) throw new EnvironmentError(problems);
  return values as Values<R>;
}
