/** How a variable of a function's environment is read. */
export interface VariableRule<T> {
  /** What it must be, as an error and the documentation say it. */
  expected: string;
  /** Undefined when the value is not as expected. */
  read(value: string): T | undefined;
}

export const text: VariableRule<string> = { expected: 'text', read: (value) => value };

export const flag: VariableRule<boolean> = {
  expected: 'true or false',
  read: (value) => (value === 'true' || value === 'false' ? value === 'true' : undefined),
};

export interface NumberRange {
  min?: number;
  max?: number;
  /** What it counts, in the plural. */
  unit?: string;
}

export function number({ min = 0, max, unit }: NumberRange = {}): VariableRule<number> {
  const range = max === undefined ? `a number from ${min}` : `a number from ${min} to ${max}`;
  return {
    expected: unit === undefined ? range : `${range}, ${unit}`,
    read(value) {
      const parsed = Number(value);
      return parsed >= min && parsed <= (max ?? Number.MAX_SAFE_INTEGER) ? parsed : undefined;
    },
  };
}
