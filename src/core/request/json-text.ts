/**
 * JSON as its author wrote it. Values are looked at, and single places changed, while everything else stays as it is, byte
 * for byte: JSON.parse rounds whole numbers beyond 2^53, and an object puts members whose names are numbers first.
 */
import {
  applyEdits,
  findNodeAtLocation,
  modify,
  type Node,
  type ParseErrorCode,
  parseTree,
  printParseErrorCode,
  visit,
} from 'jsonc-parser';
import { MAX_DEPTH } from './json-limits.ts';

export type Path = readonly string[];

/** A text that JSON.parse takes, nested no deeper than MAX_DEPTH. */
export class JsonText {
  readonly #root: Node;

  constructor(readonly text: string) {
    const root = parseTree(text);
    if (root === undefined) throw new SyntaxError('Not JSON');
    this.#root = root;
  }

  /** The text of what is at a path of member names; undefined when the path leads nowhere. */
  at(path: Path): string | undefined {
    const node = findNodeAtLocation(this.#root, [...path]);
    return node && this.#textOf(node);
  }

  /** What JSON.parse gives, but whole numbers beyond 2^53 as bigints. */
  exactValue(): unknown {
    return exactValueOf(this.#root, this.text);
  }

  /** The path of a member whose name its object has twice: readers do not agree on which of them counts. */
  repeatedMember(): (string | number)[] | undefined {
    return repeatedIn(this.#root, []);
  }

  /** Each item of the list at a path, with the text of one of its members exchanged where `change` gives another. */
  itemsWith(path: Path, member: string, change: (text: string) => string | undefined): string[] {
    const list = findNodeAtLocation(this.#root, [...path]);
    return (list?.children ?? []).map((item) => {
      const old = findNodeAtLocation(item, [member]);
      const changed = old && change(this.#textOf(old));
      if (old === undefined || changed === undefined) return this.#textOf(item);
      const { offset, length } = item;
      return (
        this.text.slice(offset, old.offset) +
        changed +
        this.text.slice(old.offset + old.length, offset + length)
      );
    });
  }

  #textOf({ offset, length }: Node): string {
    return this.text.slice(offset, offset + length);
  }
}

/**
 * The text with a value set at a path. Objects on the way that are missing or null are made. Where something else stands on the way,
 * the text stays as it is: its reader will say what is wrong with it.
 */
export function withValueAt(text: string, path: Path, value: unknown): string {
  const root = parseTree(text);
  const parents = path.map((_, depth) => root && findNodeAtLocation(root, path.slice(0, depth)));
  const depth = parents.findIndex((parent) => parent !== undefined && parent.type !== 'object');
  if (depth < 0) return withValueIn(text, path, value);
  if (parents[depth]?.type !== 'null') return text;
  const made = path.slice(depth).reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
  return withValueIn(text, path.slice(0, depth), made);
}

function withValueIn(text: string, path: Path, value: unknown): string {
  return applyEdits(text, modify(text, [...path], value, {}));
}

/** Ends a visit, which its visitor cannot stop in another way. */
class SeenEnough extends Error {
  constructor(readonly found: string) {
    super(found);
  }
}

/** Says where a text stops being JSON. Where it is nested too deeply, only that it is not JSON. */
export function howNotJson(text: string): string {
  let depth = 0;
  const enter = () => {
    depth += 1;
    if (depth > MAX_DEPTH) throw new SeenEnough('is not JSON');
  };
  const leave = () => {
    depth -= 1;
  };
  const onError = (code: ParseErrorCode, offset: number, length: number, line: number, column: number) => {
    const isInString = printParseErrorCode(code) === 'UnexpectedEndOfString';
    const end = isInString ? offset + length : offset;
    const isCut = text.trim() !== '' && end >= text.length;
    throw new SeenEnough(
      isCut ? 'ends before its JSON does' : `stops being JSON at line ${line + 1}, column ${column + 1}`,
    );
  };
  const visitor = {
    onObjectBegin: enter,
    onArrayBegin: enter,
    onObjectEnd: leave,
    onArrayEnd: leave,
    onError,
  };
  try {
    visit(text, visitor, { disallowComments: true });
  } catch (error) {
    if (error instanceof SeenEnough) return error.found;
    throw error;
  }
  return 'is not JSON';
}

function exactValueOf(node: Node, text: string): unknown {
  switch (node.type) {
    case 'object':
      return Object.fromEntries(
        membersOf(node).map(([name, value]) => [name, exactValueOf(value, text)] as const),
      );
    case 'array':
      return node.children?.map((item) => exactValueOf(item, text));
    case 'number':
      return exactNumber(text.slice(node.offset, node.offset + node.length));
    default:
      return node.value;
  }
}

function exactNumber(text: string): number | bigint {
  const number = Number(text);
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
}

function repeatedIn(node: Node, path: (string | number)[]): (string | number)[] | undefined {
  const seen = new Set<string>();
  for (const [name, value] of membersOf(node)) {
    if (seen.has(name)) return [...path, name];
    seen.add(name);
    const deeper = repeatedIn(value, [...path, name]);
    if (deeper !== undefined) return deeper;
  }
  if (node.type !== 'array') return undefined;
  for (const [index, item] of (node.children ?? []).entries()) {
    const deeper = repeatedIn(item, [...path, index]);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

function membersOf(node: Node): [name: string, value: Node][] {
  if (node.type !== 'object') return [];
  return (node.children ?? []).flatMap(({ children: [name, value] = [] }) =>
    name && value ? [[name.value as string, value] as [string, Node]] : [],
  );
}
