/** Reads files with the values of variables, `*.tfvars` in HCL and `*.tfvars.json`, as Terraform does. */
import { readFile } from 'node:fs/promises';
import hcl2json from '@cdktf/hcl2json';
import { parse as parseJson } from 'lossless-json';
import { ExpressionError, TfvarsError, type TfvarsMistake } from './errors.ts';
import { evaluateConfiguration } from './evaluate.ts';
import { surveyHcl } from './hcl-survey.ts';
import { isObject, type Value } from './value.ts';
import { checkVariables, type VariableDeclaration } from './variables.ts';

export interface Tfvars {
  file: string;
  values: Record<string, Value>;
  /** The line in which each variable is set, counted from 1. */
  lines: ReadonlyMap<string, number>;
}

export interface LoadedVariables {
  values: Record<string, Value>;
  /** What Terraform would warn of, in one line each. */
  warnings: string[];
}

const BYTE_ORDER_MARK = '\uFEFF';
/** Terraform takes a property of this name as a comment. */
const COMMENT = '//';

/**
 * The values of a file for the variables of a stack, checked by their types and validations.
 * @throws TfvarsError with all mistakes of the file
 */
export async function loadTfvars(
  file: string,
  declarations: Record<string, VariableDeclaration>,
): Promise<LoadedVariables> {
  const { values, lines } = await readTfvars(file);
  const undeclared = Object.keys(values).filter((name) => !Object.hasOwn(declarations, name));
  const given = Object.fromEntries(Object.entries(values).filter(([name]) => !undeclared.includes(name)));
  const { mistakes } = checkVariables(declarations, given);
  if (mistakes.length > 0) {
    const located = mistakes.map((mistake) => ({ ...mistake, line: lines.get(mistake.variable) }));
    throw new TfvarsError(file, located.sort(byLine));
  }
  const warnings = undeclared.map(
    (name) => `${file}:${lines.get(name)}: ${name}: the stack has no such variable; the value is ignored`,
  );
  return { values: given, warnings };
}

/** @throws TfvarsError for what Terraform cannot read either */
export async function readTfvars(file: string): Promise<Tfvars> {
  const text = await readFile(file, 'utf8');
  return file.endsWith('.json') ? readJson(file, text) : await readHcl(file, text);
}

async function readHcl(file: string, text: string): Promise<Tfvars> {
  const plain = text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
  const parsed = await hcl2json.parse(file, plain).catch((error: unknown) => {
    throw new TfvarsError(file, [hclMistake(error)]);
  });
  const { lines, mistakes } = await surveyHcl(plain, Object.keys(parsed));
  const values: Record<string, Value> = {};
  const failed = new Set(mistakes.map(({ variable }) => variable));
  for (const [name, configuration] of Object.entries(parsed)) {
    if (failed.has(name)) continue;
    try {
      values[name] = evaluateConfiguration(configuration, noReferences);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      mistakes.push({ line: lines.get(name), variable: name, problem: error.message });
    }
  }
  if (mistakes.length > 0) throw new TfvarsError(file, mistakes.sort(byLine));
  return { file, values, lines };
}

function noReferences(path: string[]): never {
  throw new ExpressionError(`Variables not allowed: ${path.join('.')}`);
}

/** `parse config: [<file>:<line>,<column>-…: <summary>; <detail>]`, perhaps with more after it. */
function hclMistake(error: unknown): TfvarsMistake {
  const message = error instanceof Error ? error.message : String(error);
  const [, line, problem] = /:(\d+),\d+-[\d,]+: ([\s\S]*?)\]?$/.exec(message) ?? [];
  if (line === undefined || problem === undefined) return { problem: message };
  return { line: Number(line), problem: problem.replace('; ', ': ').replaceAll(/\s+/g, ' ') };
}

/** In JSON files Terraform takes texts literally: `${…}` has no meaning. */
function readJson(file: string, text: string): Tfvars {
  if (text.startsWith(BYTE_ORDER_MARK)) {
    throw new TfvarsError(file, [
      { line: 1, problem: 'the file starts with a byte order mark, which Terraform does not accept in JSON' },
    ]);
  }
  const parsed = parseStrictly(file, text);
  if (!isObject(parsed)) {
    throw new TfvarsError(file, [{ line: 1, problem: 'the values must be in one JSON object' }]);
  }
  const { [COMMENT]: _, ...values } = parsed;
  const lines = new Map(
    Object.keys(values).map((name) => [name, lineAt(text, text.indexOf(JSON.stringify(name)))]),
  );
  return { file, values, lines };
}

/** JSON in which no key comes twice. */
function parseStrictly(file: string, text: string): Value {
  try {
    return parseJson(text, undefined, { parseNumber: Number }) as Value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const [, position] = /position (\d+)/.exec(error.message) ?? [];
    const line = position === undefined ? undefined : lineAt(text, Number(position));
    throw new TfvarsError(file, [{ line, problem: error.message }]);
  }
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

/** Variables that are not in the file come last. */
function byLine(a: TfvarsMistake, b: TfvarsMistake): number {
  return (a.line ?? Number.POSITIVE_INFINITY) - (b.line ?? Number.POSITIVE_INFINITY);
}
