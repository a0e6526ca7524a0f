/** The page about the client library's API, and the declarations that it was written from. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const API_PAGE = 'docs/client-api.md';
/** What a reader looks for first. In the order of TypeDoc, on which the numbers of equal anchors depend. */
const FIRST = ['Smoother', 'RequestHandle', 'Result'];

/** @param markdown what TypeDoc wrote
 * @param folder the package's */
export function apiPage(markdown: string, folder: string): string {
  const body = markdown.slice(markdown.indexOf('\n## '));
  return [
    '# API of the client library',
    '',
    `<!-- ${stampOf(folder)} -->`,
    '',
    'What `bedrock-request-smoother/client` exports, from its own comments. [Producers](producers.md) shows it in use.',
    withFirst(body.replaceAll(/\n\*\*\*\n/g, '')).trimEnd(),
    '',
  ].join('\n');
}

/** The sections in {@link FIRST} come before all others. */
function withFirst(body: string): string {
  const sections = body.split(/\n(?=###? )/);
  const isFirst = (section: string) => FIRST.some((name) => section.startsWith(`### ${name}\n`));
  const others = sections.filter((section) => !isFirst(section));
  return ['', '## Main types', '', ...sections.filter(isFirst), ...others.slice(1)].join('\n');
}

/**
 * Tells whether a page is up to date: a digest of the declarations that the client's index exports from, but for their imports.
 * Where a type comes from nobody sees who uses it.
 */
export function stampOf(folder: string): string {
  const types = path.join(folder, 'types', 'client');
  const index = readFileSync(path.join(types, 'index.d.ts'), 'utf8');
  const modules = [...index.matchAll(/from '(\.[^']+)\.js'/g)].map(([, file = '']) => `${file}.d.ts`);
  const hash = createHash('sha256').update(index);
  for (const file of [...new Set(modules)].sort()) {
    hash.update(readFileSync(path.join(types, file), 'utf8').replaceAll(/^import [^;]*;\n/gm, ''));
  }
  return `npm run docs:api wrote this from ${hash.digest('hex').slice(0, 16)}`;
}
