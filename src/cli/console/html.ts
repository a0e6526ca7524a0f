/** The page in one file: its script and its style are in it, and it loads nothing. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { PageData } from './data.ts';

/** Beside the code in the package; in the repository the page is bundled when it is needed. */
export const BUNDLED_PAGE = 'console-page.js';
const BUNDLED = path.join(import.meta.dirname, BUNDLED_PAGE);
const SOURCE = path.join(import.meta.dirname, 'page/main.tsx');

let bundled: Promise<string> | undefined;

/** @param frozen makes a saved report; without it, the page asks the server */
export async function pageHtml(frozen?: PageData): Promise<{ html: string; policy: string }> {
  bundled ??= existsSync(BUNDLED) ? Promise.resolve(readFileSync(BUNDLED, 'utf8')) : bundlePage();
  const script = await bundled;
  const hash = createHash('sha256').update(script).digest('base64');
  // The charts set styles on their elements.
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; connect-src ${frozen ? "'none'" : "'self'"}; img-src data:; base-uri 'none'; form-action 'none'`;
  // "</script>" in the data would end the element it is in.
  const data = JSON.stringify(frozen ?? null).replaceAll('<', '\\u003c');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="content-security-policy" content="${policy}">
<title>Bedrock Request Smoother</title>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="data">${data}</script>
<script>${script}</script>
</body>
</html>
`;
  return { html, policy };
}

/** The page's script, with its style inside. */
export async function bundlePage(): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [SOURCE],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: ['es2022'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.css': 'text' },
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
  });
  const [{ text } = { text: '' }] = outputFiles;
  // The script ends at the first "</script", wherever that is.
  return text.replaceAll('</script', '<\\/script');
}
