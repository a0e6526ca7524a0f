/** What a page of the documentation refers to, and which of it does not exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import GithubSlugger from 'github-slugger';
import { marked, type Token, type Tokens } from 'marked';

export interface Project {
  /** The project's folder. */
  root: string;
  /** Names of the scripts in package.json. */
  scripts: readonly string[];
}

/** Folders and files at the top whose contents a page may name in code, as in `src/core/clock.ts`. */
const NAMED_FOLDERS = /^(src|handlers|scripts|docs|examples|__tests__)\//;
/** `npm start`, `npm test` and `npm run NAME`, in text or in a terminal's lines. */
const NPM_SCRIPT = /\bnpm (?:(start|test)\b|run (?:-s )?([\w:-]+))/g;

const NOT_OURS = ['node_modules', 'dist', 'cdktf.out', '.git'];

/** All pages, by their paths from the project's folder. */
export function pagesOf(root: string): string[] {
  const files = readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [entry.name];
    if (NOT_OURS.includes(entry.name)) return [];
    const below = readdirSync(path.join(root, entry.name), { recursive: true, encoding: 'utf8' });
    return below.map((file) => path.posix.join(entry.name, file.split(path.sep).join('/')));
  });
  return files.filter((file) => file.endsWith('.md')).sort();
}

/** What a page refers to that does not exist: links, anchors, paths in code, npm scripts. */
export function danglingReferences(page: string, text: string, project: Project): string[] {
  const problems: string[] = [];
  marked.walkTokens(marked.lexer(text), (token) => {
    if (token.type === 'link' || token.type === 'image') {
      const problem = linkProblem(page, token.href, text, project.root);
      if (problem !== undefined) problems.push(`${token.href}: ${problem}`);
    }
    if (isCode(token)) problems.push(...codeProblems(token, project));
  });
  return problems;
}

function linkProblem(page: string, href: string, text: string, root: string): string | undefined {
  if (/^[a-z]+:/i.test(href)) return undefined;
  const [target = '', anchor] = href.split('#');
  const file = target === '' ? page : path.posix.join(path.posix.dirname(page), target);
  if (!existsSync(path.join(root, file))) return `no file ${file}`;
  if (anchor === undefined) return undefined;
  const anchors = anchorsOf(file === page ? text : readFileSync(path.join(root, file), 'utf8'));
  return anchors.includes(anchor) ? undefined : `no heading for #${anchor} in ${file}`;
}

/** The anchors that GitHub gives to a page's headings. */
export function anchorsOf(text: string): string[] {
  const slugger = new GithubSlugger();
  const anchors: string[] = [];
  marked.walkTokens(marked.lexer(text), (token) => {
    if (token.type === 'heading') anchors.push(slugger.slug(plainText(token.tokens ?? [])));
  });
  return anchors;
}

function plainText(tokens: readonly Token[]): string {
  return tokens
    .map((token) =>
      'tokens' in token && token.tokens ? plainText(token.tokens) : 'text' in token ? token.text : '',
    )
    .join('');
}

function isCode(token: Token): token is Tokens.Code | Tokens.Codespan {
  return token.type === 'code' || token.type === 'codespan';
}

function codeProblems({ type, text }: Tokens.Code | Tokens.Codespan, { root, scripts }: Project): string[] {
  const unknown = [...text.matchAll(NPM_SCRIPT)]
    .map(([, plain, named]) => plain ?? named ?? '')
    .filter((name) => !scripts.includes(name))
    .map((name) => `npm run ${name}: no such script`);
  const isPath = type === 'codespan' && NAMED_FOLDERS.test(text) && !/[*<{ ]/.test(text);
  return isPath && !existsSync(path.join(root, text)) ? [...unknown, `${text}: no such file`] : unknown;
}
