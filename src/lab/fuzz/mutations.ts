/** Turns valid messages into text that nobody should send. Deterministic in its random source. */
import type { Random } from '../simulation/random.ts';
import { SAMPLES } from './samples.ts';
import { BUCKET } from './targets.ts';

/** SQS accepts no longer text. */
const MAX_TEXT_BYTES = 1_048_576;

/** A placeholder for text that no JavaScript value serialises to, which then replaces it and its quotes. */
const raw = (text: string) => `@@${text}@@`;

const NUMBERS = [
  ...[0, -1, 1, 1.5, 6, 2 ** 31, 2 ** 53, -(2 ** 53), Number.MAX_SAFE_INTEGER, Number.MIN_VALUE, 1e21, 1e308],
  ...['-0', '1e309', '-1e999', '1E+2', '123456789012345678901234567890', '0.1e-400'].map(raw),
];
const TEXTS = [
  ...[
    '',
    ' ',
    '\t\n',
    '\u0000',
    'a\u0000b',
    '\ud800',
    'x\udfffy',
    '\ufeff',
    '\ufffe\uffff',
    '\u202eabc',
    '\u2028',
  ],
  ...['é', 'e\u0301', '🙂', '👩‍👩‍👧', '\u{10ffff}', 'ÅÅÅ', '１２３', 'ǅ', '\u007f\u0085'],
  ...[
    '../../x',
    'inbox/../payloads/x',
    '/etc/passwd',
    'a/b',
    'a\\b',
    'a|b',
    'rejected/x',
    'payloads/x',
    's3://x/y',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'null',
    'NaN',
    'true',
    '-1',
    '$(id)',
    "' OR 1=1",
    '<script>',
    '%00',
  ],
  ...['AAAA', 'AAA=', 'A===', 'AA=A', 'aGVsbG8', 'aGVsbG8=\n', '-_-_', '====', BUCKET],
];
const LENGTHS = [64, 65, 128, 129, 256, 1_024, 2_048, 2_049, 16_384, 70_000, 300_000];
const NAMES = [
  ...['request_id', 'model_id', 'priority', 'tenant', 'metadata', 'converse', 'messages', 'invoke_model'],
  ...['modelInput', 's3', 'recordId', 'task', 'max_wait_seconds', 'source', 'bytes', 'lane', 'status', 'v'],
  ...[
    '@@proto@@',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    '',
    ' ',
    '\u0000',
    '\ud800',
    '$ref',
    'a.b',
  ],
];

const MOST_NODES = 300;

type Node = Record<string, unknown> | unknown[];

/** The text of one message, mutated mostly in its structure and sometimes as text. */
export function mutated(random: Random): string {
  if (random() < 0.03) return garbage(random);
  const tree = structuredClone(pick(random, SAMPLES)) as Record<string, unknown>;
  const mutations = 1 + Math.floor(random() * random() * 6);
  for (let done = 0; done < mutations; done += 1) mutateTree(random, tree);
  let text = spelled(JSON.stringify(tree));
  if (random() < 0.2) text = mutateText(random, text);
  return Buffer.byteLength(text) <= MAX_TEXT_BYTES ? text : text.slice(0, MAX_TEXT_BYTES / 4);
}

function mutateTree(random: Random, tree: Record<string, unknown>): void {
  const node = pick(random, nodesOf(tree));
  const keys = Object.keys(node);
  const key = keys.length === 0 ? undefined : pick(random, keys);
  const at = node as Record<string, unknown>;
  const kind = random();
  if (kind < 0.5 && key !== undefined) at[key] = hostile(random);
  else if (kind < 0.65 && key !== undefined) remove(node, key);
  else if (kind < 0.85) insert(random, node);
  else if (key !== undefined) at[key] = wrapped(random, at[key]);
}

/** The objects and lists in a value, including itself: the first few hundred, breadth first. */
function nodesOf(value: unknown): Node[] {
  const nodes: Node[] = [];
  const add = (inner: unknown) => {
    if (typeof inner === 'object' && inner !== null && nodes.length < MOST_NODES) nodes.push(inner as Node);
  };
  add(value);
  for (const node of nodes) {
    if (Array.isArray(node)) node.slice(0, MOST_NODES).forEach(add);
    else Object.values(node).forEach(add);
  }
  return nodes;
}

function remove(node: Node, key: string): void {
  if (Array.isArray(node)) node.splice(Number(key), 1);
  else delete node[key];
}

function insert(random: Random, node: Node): void {
  const value = hostile(random);
  if (!Array.isArray(node)) node[pick(random, NAMES)] = value;
  else if (random() < 0.5) node.push(value);
  else node.push(...new Array(pick(random, [10, 17, 2_501])).fill(pick(random, TEXTS)));
}

function wrapped(random: Random, value: unknown): unknown {
  const depth = pick(random, [1, 2, 60, 64, 65, 1_000]);
  let inner = value;
  for (let level = 0; level < depth; level += 1) inner = random() < 0.5 ? [inner] : { a: inner };
  return inner;
}

function hostile(random: Random): unknown {
  switch (Math.floor(random() * 7)) {
    case 0:
      return pick(random, [null, true, false, [], {}, [[]], [null], { '@@proto@@': { polluted: true } }]);
    case 1:
      return pick(random, NUMBERS);
    case 2:
      return pick(random, TEXTS).repeat(pick(random, [1, 1, 1, 40]));
    case 3:
      return pick(random, ['x', 'A', '\u0000', '🙂', 'é', '\ud800']).repeat(pick(random, LENGTHS));
    case 4:
      return structuredClone(pick(random, nodesOf(pick(random, SAMPLES))));
    case 5:
      return { [pick(random, NAMES)]: pick(random, TEXTS) };
    default:
      return pick(random, TEXTS);
  }
}

function mutateText(random: Random, text: string): string {
  const at = Math.floor(random() * (text.length + 1));
  switch (Math.floor(random() * 6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return `\ufeff${text}`;
    case 2:
      return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 0x10000)) + text.slice(at);
    case 3:
      return text.slice(0, at) + text.slice(at + 1);
    case 4:
      // The same names again: the last one counts.
      return text.replace(
        /}$/,
        `,${JSON.stringify({ [pick(random, NAMES)]: pick(random, TEXTS) }).slice(1)}`,
      );
    default:
      return text + pick(random, [' ', '\u0000', '{}', ',', ']', '//']);
  }
}

function garbage(random: Random): string {
  const bytes = Uint8Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256));
  return random() < 0.5 ? Buffer.from(bytes).toString('latin1') : Buffer.from(bytes).toString('utf8');
}

function spelled(json: string): string {
  return json.replaceAll('@@proto@@', '__proto__').replace(/"@@([^"@]+)@@"/g, '$1');
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}
