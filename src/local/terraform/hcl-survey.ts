/** Finds in HCL's own syntax tree where a tfvars file sets which variable, and what in it Terraform does not allow. */
import hcl2json, { type TFExpressionSyntaxTree as Tree } from '@cdktf/hcl2json';
import type { TfvarsMistake } from './errors.ts';

export interface HclSurvey {
  /** From 1. */
  lines: Map<string, number>;
  mistakes: TfvarsMistake[];
}

/** In braces, the file is an object, and the tree of an expression can be had. The brace has a line of its own, line 0. */
const OPENING = '{\n';
const FILE = 'tfvars';
const OBJECT_KEY = undefined;

/** @param text of a file that can be parsed, with attributes (or blocks, which are a mistake) of these names */
export async function surveyHcl(text: string, names: readonly string[]): Promise<HclSurvey> {
  const source = `${OPENING}${text}\n}`;
  const tree = await hcl2json.getExpressionAst(FILE, source).catch(() => null);
  // Blocks are the only thing that is correct in a file but not in an object.
  if (!tree) return { lines: new Map(), mistakes: await blocksAmong(text, names) };
  const bytes = Buffer.from(source);
  const lines = new Map<string, number>();
  const mistakes: TfvarsMistake[] = [];
  let variable: string | undefined;
  for (const child of childrenOf(tree)) {
    const { start, end } = child.range;
    if (isKey(child)) {
      variable = bytes.subarray(start.byte, end.byte).toString();
      lines.set(variable, start.line);
    } else mistakes.push(...notAllowed(child, new Set()).map((mistake) => ({ ...mistake, variable })));
  }
  return { lines, mistakes };
}

/** Finds blocks: HCL refuses a second attribute of the same name, but an attribute beside a block is fine. */
async function blocksAmong(text: string, names: readonly string[]): Promise<TfvarsMistake[]> {
  const mistakes: TfvarsMistake[] = [];
  for (const name of names) {
    const isBlock = await hcl2json.parse(FILE, `${text}\n${name} = null`).then(
      () => true,
      () => false,
    );
    const line = text.split('\n').findIndex((each) => each.trimStart().startsWith(name)) + 1;
    if (isBlock) mistakes.push({ line, variable: name, problem: 'Blocks are not allowed here' });
  }
  return mistakes;
}

/** References and function calls: a file of values may only have constants. */
function notAllowed(node: Tree.ExpressionType, bound: ReadonlySet<string>): TfvarsMistake[] {
  const { line } = node.range.start;
  const problem = problemOf(node, bound);
  if (problem !== undefined) return [{ line, problem }];
  const inside = node.type === 'for' ? new Set([...bound, node.meta.keyVar, node.meta.valVar]) : bound;
  return childrenOf(node).flatMap((child) =>
    isKey(child) ? inKey(child, inside) : notAllowed(child, inside),
  );
}

function problemOf(node: Tree.ExpressionType, bound: ReadonlySet<string>): string | undefined {
  if (node.type === 'function') return `Function calls not allowed: ${node.meta.name}()`;
  if (node.type !== 'scopeTraversal') return undefined;
  const { traversal, fullAccessor } = node.meta;
  return bound.has(traversal[0]?.segment ?? '') ? undefined : `Variables not allowed: ${fullAccessor}`;
}

/** A word without quotes is a key. With periods in it, HCL cannot tell whether a key or a reference is meant. */
function inKey(key: Tree.ExpressionType, bound: ReadonlySet<string>): TfvarsMistake[] {
  const [expression] = childrenOf(key);
  if (expression?.type !== 'scopeTraversal') {
    return expression ? notAllowed(expression, bound) : [];
  }
  const { traversal, fullAccessor } = expression.meta;
  if (traversal.length === 1) return [];
  return [
    {
      line: key.range.start.line,
      problem: `Ambiguous attribute key: ${fullAccessor} must be in quotes to be a key`,
    },
  ];
}

function childrenOf(node: Tree.ExpressionType): Tree.ExpressionType[] {
  return node.children ?? [];
}

/** The tree gives no type to the key of an object's item. */
function isKey(node: Tree.ExpressionType): boolean {
  return (node as { type?: string }).type === OBJECT_KEY || (node as { type?: string }).type === '';
}
