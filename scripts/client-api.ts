/**
 * `npm run docs:api`: writes docs/client-api.md from the declarations of the package, by TypeDoc. TypeDoc needs a TypeScript of
 * its own, so it is installed apart from the project.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { provideNodePackages } from '../src/lab/external/node-packages.ts';
import { API_PAGE, apiPage } from './package/api.ts';
import { buildPackage } from './package/build.ts';

const root = path.resolve(import.meta.dirname, '..');
const folder = await buildPackage(root);
const tool = provideNodePackages('client-api', path.join(root, 'scripts', 'client-api'));
const output = mkdtempSync(path.join(tmpdir(), 'client-api-'));
try {
  const typedoc = path.join(tool, 'node_modules', 'typedoc', 'bin', 'typedoc');
  const entry = path.join(folder, 'types/client/index.d.ts');
  const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, skipLibCheck: true };
  const tsconfig = path.join(output, 'tsconfig.json');
  writeFileSync(tsconfig, JSON.stringify({ compilerOptions, files: [entry] }));
  const out = path.join(output, 'markdown');
  const places = ['--tsconfig', tsconfig, '--entryPoints', entry, '--out', out];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [typedoc, '--options', path.join(tool, 'typedoc.json'), ...places],
    { cwd: tool, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`TypeDoc failed:\n${stdout}${stderr}`);
  const page = apiPage(readFileSync(path.join(out, 'README.md'), 'utf8'), folder);
  writeFileSync(path.join(root, API_PAGE), page);
  console.log(`Wrote ${API_PAGE}`);
} finally {
  rmSync(output, { recursive: true });
}
