import { EnvironmentError } from './errors.ts';

/** How a variable is read: its value, or undefined when it is not as expected. */
export interface VariableRule<T> {
  expected: string;
  read(value: string): T | undefined;
}

export const text: VariableRule<string> = { expected: 'a text', read: (value) => value };

export const flag: VariableRule<boolean> = {
  expected: 'true or false',
  read: (value) => (value === 'true' || value === 'false' ? value === 'true' : undefined),
};

export interface NumberRange {
  min?: number;
  max?: number;
}

export function number({ min = 0, max = Number.MAX_SAFE_INTEGER }: NumberRange = {}): VariableRule<number> {
  return {
    expected: `a number from ${min} to ${max}`,
    read(value) {
      const parsed = Number(value);
      return parsed >= min && parsed <= max ? parsed : undefined;
    },
  };
}

type Environment<Rules> = { [Name in keyof Rules]: Rules[Name] extends VariableRule<infer T> ? T : never };

/**
 * Reads the variables that a function needs. All are required; an empty or blank value is a missing one.
 * @throws EnvironmentError naming each variable that is missing or malformed, what was expected and what came.
 */
export function readEnvironment<Rules extends Record<string, VariableRule<unknown>>>(
  rules: Rules,
  environment: Readonly<Record<string, string | undefined>>,
): Environment<Rules> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, { expected, read }] of Object.entries(rules)) {
    const given = environment[name]?.trim();
    values[name] = given ? read(given) : undefined;
    if (values[name] === undefined) {
      problems.push(`${name} must be ${expected}, is ${given ? JSON.stringify(given) : 'missing'}`);
    }
  }
  if (problems.length > 0) throw new EnvironmentError(problems);
  return values as Environment<Rules>;
}
