/** The package as its users get it: packed, unpacked in an empty project beside the AWS SDK, imported, compiled against, run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { API_PAGE, stampOf } from '../../../scripts/package/api.ts';
import { buildPackage } from '../../../scripts/package/build.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const NAME = 'bedrock-request-smoother';
let project: string;

/** @returns what it printed; anything but success fails the test */
function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: project, encoding: 'utf8' });
  expect(`${status} ${status === 0 ? '' : stdout + stderr}`).toBe('0 ');
  return stdout;
}

beforeAll(async () => {
  project = mkdtempSync(path.join(tmpdir(), 'smoother-package-'));
  const folder = await buildPackage(ROOT);
  const modules = path.join(project, 'node_modules');
  mkdirSync(path.join(modules, '.bin'), { recursive: true });
  writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }');
  run('npm', 'pack', folder, '--silent');
  const { version, bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  run('tar', '-xzf', `${NAME}-${version}.tgz`);
  run('mv', 'package', path.join(modules, NAME));
  symlinkSync(path.join('..', NAME, bin.smoother), path.join(modules, '.bin/smoother'));
  for (const scope of ['@aws-sdk', '@smithy', '@types']) {
    symlinkSync(path.join(ROOT, 'node_modules', scope), path.join(modules, scope));
  }
}, 120_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

it('depends on the AWS SDK and on nothing else', () => {
  const manifest = path.join(project, 'node_modules', NAME, 'package.json');
  const { dependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
  expect(Object.keys(dependencies).filter((name) => !/^@(aws-sdk|smithy)\//.test(name))).toEqual([]);
  expect(Object.keys(dependencies)).toContain('@aws-sdk/client-sqs');
});

it('imports nothing in its library that the lock file of the examples lacks', () => {
  const library = readFileSync(path.join(project, 'node_modules', NAME, 'client/index.js'), 'utf8');
  const imported = [...library.matchAll(/ from "(@[^"/]+\/[^"/]+)/g)].map(([, name]) => name);
  const lockFile = path.join(ROOT, 'examples/clients/node/package-lock.json');
  const locked = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  expect(imported).toContain('@aws-sdk/client-sqs');
  expect(imported.filter((name) => !(`node_modules/${name}` in locked))).toEqual([]);
});

it('has the API that docs/client-api.md describes, or npm run docs:api must write it again', () => {
  const page = readFileSync(path.join(ROOT, API_PAGE), 'utf8');
  expect(page).toContain(stampOf(path.join(project, 'node_modules', NAME)));
  expect(page.match(/(?<=^### )\w+/gm)?.slice(0, 3)).toEqual(['Smoother', 'RequestHandle', 'Result']);
});

it('has a page that links to nothing outside of the package', () => {
  const page = readFileSync(path.join(project, 'node_modules', NAME, 'README.md'), 'utf8');
  expect(page).toContain(`from '${NAME}/client'`);
  expect(page.match(/\]\((?!https:)/g)).toBeNull();
});

it('is imported as an ES module', () => {
  const code = `import { Smoother } from '${NAME}/client'; console.log(typeof Smoother)`;
  expect(run(process.execPath, '--input-type=module', '--eval', code).trim()).toBe('function');
});

it('has types that a strict project compiles against', () => {
  writeFileSync(
    path.join(project, 'consumer.ts'),
    `import { Smoother, type Result } from '${NAME}/client';
     const smoother = new Smoother({ outputs: 'outputs.json' });
     const handle = await smoother.submit({
       modelId: 'amazon.nova-lite-v1:0',
       priority: 2,
       converse: { messages: [{ role: 'user', content: [{ text: 'Hello' }] }] },
     });
     const result: Result = await handle.result({ timeoutMs: 1_000 });
     const cancellation: 'cancelled' | 'too late' | 'already ended' = await handle.cancel();
     // @ts-expect-error There is no priority 9.
     await smoother.submit({ modelId: 'm', priority: 9, converse: {} });
     console.log(result.output, cancellation, smoother.bedrock({ tenant: 'a' }).config.region);`,
  );
  const options = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2022', '--types', 'node'];
  run(path.join(ROOT, 'node_modules/.bin/tsc'), ...options, '--module', 'nodenext', 'consumer.ts');
}, 120_000);

it('brings the command line', () => {
  const help = run('npx', '--no-install', 'smoother', '--help');
  for (const command of ['submit', 'proxy', 'cancel', 'lanes']) expect(help).toContain(`  ${command} `);
  expect(help).not.toContain('bench-engine');
  // It has no esbuild: the console's page must be bundled already.
  const page = path.join(project, 'node_modules', NAME, 'cli/bin/console-page.js');
  expect(readFileSync(page, 'utf8')).toContain('Bedrock Request Smoother');
}, 60_000);
