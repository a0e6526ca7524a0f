/** Terraform's expression language as JSON configuration embeds it: parsed here, evaluated in evaluate.ts. */
import { ExpressionError } from './errors.ts';
import type { Expression, ForExpression } from './syntax.ts';

const BINARY_LEVELS = [['||'], ['&&'], ['==', '!='], ['<=', '>=', '<', '>'], ['+', '-'], ['*', '/', '%']];
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_-]*/y;
const NUMBER = /\d+(\.\d+)?([eE][+-]?\d+)?/y;
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

/** Parses a string of JSON configuration: text with `${…}` in it. */
export function parseTemplate(text: string): Expression {
  const parser = new Parser(text);
  const template = parser.template(() => parser.done);
  return unwrap(template);
}

/** Parses a bare expression, e.g. a variable's type. */
export function parseExpression(text: string): Expression {
  const parser = new Parser(text);
  const expression = parser.expression();
  parser.skipSpace();
  if (!parser.done) parser.fail('unexpected text');
  return expression;
}

/** A template that is one interpolation has that expression's own type, not a string's. */
function unwrap(parts: Expression[]): Expression {
  const [only] = parts;
  if (!only) return { kind: 'literal', value: '' };
  return parts.length === 1 ? only : { kind: 'template', parts };
}

class Parser {
  #position = 0;

  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#position >= this.#text.length;
  }

  fail(problem: string): never {
    throw new ExpressionError(`${problem} at character ${this.#position + 1} of \`${this.#text}\``);
  }

  /** Literal text and interpolations up to `ends`; `quoted` text has backslash escapes too. */
  template(ends: () => boolean, quoted = false): Expression[] {
    const parts: Expression[] = [];
    let literal = '';
    const flush = () => {
      if (literal) parts.push({ kind: 'literal', value: literal });
      literal = '';
    };
    while (!ends()) {
      if (this.done) this.fail('unterminated string');
      if (this.#take('$${')) literal += '${';
      else if (this.#take('%%{')) literal += '%{';
      else if (this.#ahead('%{')) this.fail('template directives are not supported');
      else if (this.#take('${')) {
        if (this.#ahead('~')) this.fail('whitespace trimming is not supported');
        flush();
        parts.push(this.expression());
        this.#expect('}');
      } else if (quoted && this.#take('\\')) literal += this.#escape();
      else literal += this.#text[this.#position++];
    }
    flush();
    return parts;
  }

  #escape(): string {
    const code = this.#text[this.#position++] ?? '';
    if (code === 'u') {
      const hex = this.#text.slice(this.#position, this.#position + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.fail('malformed \\u escape');
      this.#position += 4;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    return ESCAPES[code] ?? this.fail(`unknown escape \\${code}`);
  }

  expression(): Expression {
    const condition = this.#binary(0);
    if (!this.#takeToken('?')) return condition;
    const then = this.expression();
    this.#expect(':');
    return { kind: 'conditional', condition, then, otherwise: this.expression() };
  }

  #binary(level: number): Expression {
    const operators = BINARY_LEVELS[level];
    if (!operators) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      this.skipSpace();
      const operator = operators.find((candidate) => this.#ahead(candidate));
      if (!operator) return left;
      this.#position += operator.length;
      left = { kind: 'binary', operator, left, right: this.#binary(level + 1) };
    }
  }

  #unary(): Expression {
    this.skipSpace();
    if (this.#ahead('!') && !this.#ahead('!=')) {
      this.#position++;
      return { kind: 'unary', operator: '!', operand: this.#unary() };
    }
    if (this.#take('-')) return { kind: 'unary', operator: '-', operand: this.#unary() };
    return this.#traversal(this.#primary());
  }

  #traversal(start: Expression): Expression {
    let of = start;
    for (;;) {
      if (this.#ahead('...')) return of;
      if (this.#take('[*]')) return { kind: 'splat', of, keys: this.#keys() };
      const key = this.#key();
      if (!key) return of;
      of = { kind: 'index', of, key };
    }
  }

  #keys(): Expression[] {
    const keys: Expression[] = [];
    for (let key = this.#key(); key; key = this.#key()) keys.push(key);
    return keys;
  }

  #key(): Expression | undefined {
    if (this.#ahead('...')) return undefined;
    if (this.#take('.')) {
      const value = this.#match(NUMBER) ?? this.#identifier('an attribute name');
      return { kind: 'literal', value };
    }
    if (!this.#take('[')) return undefined;
    const key = this.expression();
    this.#expect(']');
    return key;
  }

  #primary(): Expression {
    this.skipSpace();
    if (this.#take('(')) {
      const inner = this.expression();
      this.#expect(')');
      return inner;
    }
    if (this.#take('"')) {
      const parts = this.template(() => this.#ahead('"'), true);
      this.#expect('"');
      return unwrap(parts.some((part) => part.kind !== 'literal') ? parts : joinLiterals(parts));
    }
    if (this.#take('[')) return this.#tuple();
    if (this.#take('{')) return this.#object();
    const number = this.#match(NUMBER);
    if (number !== undefined) return { kind: 'literal', value: Number(number) };
    if (this.#ahead('<<')) this.fail('heredocs are not supported');
    const name = this.#identifier('an expression');
    if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true' };
    if (name === 'null') return { kind: 'literal', value: null };
    if (this.#ahead('::')) this.fail("providers' functions are not supported");
    return this.#take('(') ? this.#call(name) : { kind: 'variable', name };
  }

  #call(name: string): Expression {
    const args: Expression[] = [];
    while (!this.#takeToken(')')) {
      args.push(this.expression());
      if (!this.#takeToken(',')) {
        this.#expect(')');
        break;
      }
    }
    return { kind: 'call', name, args };
  }

  #tuple(): Expression {
    if (this.#takeFor()) return this.#forExpression(']');
    const items: Expression[] = [];
    while (!this.#takeToken(']')) {
      items.push(this.expression());
      if (!this.#takeToken(',')) {
        this.#expect(']');
        break;
      }
    }
    return { kind: 'tuple', items };
  }

  #object(): Expression {
    if (this.#takeFor()) return this.#forExpression('}');
    const entries: { key: Expression; value: Expression }[] = [];
    while (!this.#takeToken('}')) {
      const key = this.expression();
      if (!this.#takeToken('=')) this.#expect(':');
      entries.push({
        key: key.kind === 'variable' ? { kind: 'literal', value: key.name } : key,
        value: this.expression(),
      });
      this.#takeToken(',');
    }
    return { kind: 'object', entries };
  }

  #takeFor(): boolean {
    this.skipSpace();
    const found = /for\s/y;
    found.lastIndex = this.#position;
    if (!found.test(this.#text)) return false;
    this.#position += 4;
    return true;
  }

  #forExpression(close: ']' | '}'): Expression {
    let valueName = this.#identifier('a name');
    let keyName: string | undefined;
    if (this.#takeToken(',')) {
      keyName = valueName;
      valueName = this.#identifier('a name');
    }
    if (this.#identifier('`in`') !== 'in') this.fail('expected `in`');
    const collection = this.expression();
    this.#expect(':');
    let value = this.expression();
    let key: Expression | undefined;
    if (close === '}') {
      this.#expect('=>');
      key = value;
      value = this.expression();
    }
    const grouped = this.#takeToken('...');
    this.skipSpace();
    const condition = /if\s/y;
    condition.lastIndex = this.#position;
    const conditional = condition.test(this.#text);
    if (conditional) this.#position += 2;
    const result: ForExpression = { kind: 'for', valueName, collection, value, grouped };
    if (keyName) result.keyName = keyName;
    if (key) result.key = key;
    if (conditional) result.condition = this.expression();
    this.#expect(close);
    return result;
  }

  #identifier(expected: string): string {
    this.skipSpace();
    return this.#match(IDENTIFIER) ?? this.fail(`expected ${expected}`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#position += found.length;
    return found;
  }

  skipSpace(): void {
    while (/\s/.test(this.#text[this.#position] ?? '')) this.#position++;
  }

  #ahead(token: string): boolean {
    return this.#text.startsWith(token, this.#position);
  }

  #take(token: string): boolean {
    if (!this.#ahead(token)) return false;
    this.#position += token.length;
    return true;
  }

  #takeToken(token: string): boolean {
    this.skipSpace();
    return this.#take(token);
  }

  #expect(token: string): void {
    if (!this.#takeToken(token)) this.fail(`expected \`${token}\``);
  }
}

function joinLiterals(parts: Expression[]): Expression[] {
  const text = parts.map((part) => (part.kind === 'literal' ? part.value : '')).join('');
  return [{ kind: 'literal', value: text }];
}
