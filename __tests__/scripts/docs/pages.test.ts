import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { anchorsOf, danglingReferences, pagesOf } from '../../../scripts/docs/pages.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const project = { root, scripts: Object.keys(packageJson.scripts) };
const pages = pagesOf(root);

describe('the pages of the documentation', () => {
  it('are found', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/messages.md']));
  });

  it.each(pages)('%s refers only to what exists', (page) => {
    const text = readFileSync(path.join(root, page), 'utf8');
    expect(danglingReferences(page, text, project)).toEqual([]);
  });

  it('that comments in the code name exist', () => {
    const sources = ['src', 'scripts', 'handlers', '__tests__'].flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
        path.join(folder, file),
      ),
    );
    const missing = sources
      .filter((file) => file.endsWith('.ts') && !file.endsWith('pages.test.ts'))
      .flatMap((file) =>
        [...readFileSync(path.join(root, file), 'utf8').matchAll(/\bdocs\/[\w-]+\.md/g)]
          .filter(([page]) => !pages.includes(page))
          .map(([page]) => `${file}: ${page}`),
      );
    expect(missing).toEqual([]);
  });
});

describe('references that lead nowhere', () => {
  const inDocs = (text: string) => danglingReferences('docs/page.md', text, project);

  it('are links to files and headings', () => {
    expect(inDocs('[a](gone.md) ![b](gone.svg) [c](messages.md#gone) [d](#gone)\n\n# Here')).toEqual([
      'gone.md: no file docs/gone.md',
      'gone.svg: no file docs/gone.svg',
      'messages.md#gone: no heading for #gone in docs/messages.md',
      '#gone: no file docs/page.md',
    ]);
  });

  it('are paths and npm scripts in code', () => {
    expect(inDocs('`src/gone.ts` and `npm run gone`\n\n```sh\nnpm run gone -- --json x\n```')).toEqual([
      'src/gone.ts: no such file',
      'npm run gone: no such script',
      'npm run gone: no such script',
    ]);
  });

  it('are not those that exist, on this page, another one or another site', () => {
    const text =
      '[a](messages.md#errors) [b](../README.md) [c](https://example.com/#x) `src/core/**` `npm test`';
    expect(inDocs(text)).toEqual([]);
    expect(danglingReferences('README.md', '[a](#some-heading)\n\n## Some `heading`', project)).toEqual([]);
  });
});

it('headings get the anchors that GitHub gives them', () => {
  expect(anchorsOf('# A heading, with *signs* & `code`\n\n## Twice\n\n## Twice\n')).toEqual([
    'a-heading-with-signs--code',
    'twice',
    'twice-1',
  ]);
});
