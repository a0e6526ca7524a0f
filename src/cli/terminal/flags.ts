import { type ParseArgsConfig, parseArgs } from 'node:util';

/** A command line that cannot be understood; the message names flag, expectation and value. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(
    readonly flag: string,
    expected: string,
    value?: unknown,
  ) {
    super(`--${flag} ${expected}${value === undefined ? '' : `, got ${JSON.stringify(value)}`}`);
  }
}

type Flags<Name extends string> = Partial<Record<Name, string>>;

/** Reads `--name value` flags; anything else is an error. @throws UsageError */
export function readFlags<Name extends string>(args: readonly string[], names: readonly Name[]): Flags<Name> {
  const options: ParseArgsConfig['options'] = Object.fromEntries(
    names.map((name) => [name, { type: 'string' }]),
  );
  const expected = `is not understood; the flags are ${names.map((name) => `--${name}`).join(', ')}`;
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const flags: Flags<Name> = {};
  for (const token of tokens) {
    if (token.kind !== 'option') throw new UsageError('', expected, args[token.index]);
    const name = names.find((known) => known === token.name);
    if (!name || !token.rawName.startsWith('--')) throw new UsageError(token.name, expected);
    if (flags[name] !== undefined) throw new UsageError(name, 'is given twice');
    if (!token.value) throw new UsageError(name, 'needs a value', token.value);
    flags[name] = token.value;
  }
  return flags;
}

export interface NumberRange {
  min: number;
  max: number;
  whole?: boolean;
}

/** @throws UsageError naming flag, range and value */
export function numberFlag(flag: string, value: string | undefined, range: NumberRange): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  const fits = number >= range.min && number <= range.max && (!range.whole || Number.isInteger(number));
  if (value.trim() === '' || !fits) {
    const kind = range.whole ? 'a whole number' : 'a number';
    throw new UsageError(flag, `must be ${kind} from ${range.min} to ${range.max}`, value);
  }
  return number;
}

/** @throws UsageError naming flag, choices and value */
export function choiceFlag<Choice extends string>(
  flag: string,
  value: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  if (value === undefined) return undefined;
  const choice = choices.find((known) => known === value);
  if (!choice) throw new UsageError(flag, `must be one of ${choices.join(', ')}`, value);
  return choice;
}

/** Without the slash at its end. @throws UsageError naming flag and value */
export function urlFlag(flag: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (!/^https?:/.test(value) || !URL.canParse(value)) {
    throw new UsageError(flag, 'must be a URL such as http://127.0.0.1:5000', value);
  }
  return value.replace(/\/$/, '');
}
