/** What is wrong with a message, in words: the field, what is allowed and what came. Never shows long values. */
const SHOWN_PROBLEMS = 5;
const SHOWN_CHARACTERS = 40;

export interface Problem {
  path: readonly PropertyKey[];
  /** Follows the field's name: `must be JSON, got 5`. */
  text: string;
}

/** @param came the value as it may be shown, or a description of it */
export function mustBe(path: Problem['path'], expected: string, came: string): Problem {
  return { path, text: `must be ${expected}, got ${came}` };
}

export function missing(path: Problem['path']): Problem {
  return { path, text: 'missing' };
}

export function givenTwice(path: Problem['path']): Problem {
  return { path, text: 'given twice' };
}

/** One line for all problems; the first few are spelled out. */
export function describeProblems(problems: readonly Problem[]): string {
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ path, text }) => `${pathText(path)}: ${text}`);
  const more = problems.length - shown.length;
  const text = more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ');
  // Names may hold half characters, which no table stores.
  return text.replace(/\p{Cs}/gu, '\ufffd');
}

/** A value as it may be shown: short ones themselves, longer ones by kind and size. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON writes NaN as null.
  if (typeof value === 'bigint' || typeof value === 'number') return shorten(String(value));
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value);
    return names.length === 0 ? 'an empty object' : `an object with ${shorten(names.slice(0, 5).join(', '))}`;
  }
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= SHOWN_CHARACTERS ? text : `text of ${text.length - 2} characters`;
}

export function shorten(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

/** `converse.messages[0].role`; the message itself is `message`. */
function pathText(path: Problem['path']): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : nameText(String(key)))).join('');
  return text === '' ? 'message' : text.replace(/^\./, '');
}

/** Names that would not be seen as such are quoted: empty ones, blanks, signs. */
function nameText(name: string): string {
  return /^[\w$-]+…?$/.test(name) ? `.${shorten(name)}` : `[${JSON.stringify(shorten(name))}]`;
}
