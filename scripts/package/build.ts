import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { GROUPS } from '../../src/cli/commands.ts';
import { BUNDLED_PAGE, bundlePage } from '../../src/cli/console/html.ts';

/** Groups of commands that work without the repository. */
const PUBLISHED = ['For producers:', 'For operators:'];
/** What the package leaves to its dependencies; everything else is bundled. */
const EXTERNAL = ['@aws-sdk/*', '@smithy/*'];
/** Bundles the console's page in the repository. The package has it bundled already. */
const REPOSITORY_ONLY = ['esbuild'];
/** Relative to the package, as deep as src/cli: program.ts finds package.json two folders up. */
const BIN = 'cli/bin/main.js';
/** The SDK's advance notice about Node 20 is of no use to people who run a command. */
const QUIET = "process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';";

/** @returns the package's folder */
export async function buildPackage(root: string): Promise<string> {
  const folder = path.join(root, 'dist', 'package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const common: BuildOptions = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: [...EXTERNAL, ...REPOSITORY_ONLY],
    // jsonc-parser's `main` asks for its parts in a way that no bundler follows; its `module` does not.
    mainFields: ['module', 'main'],
    logLevel: 'error',
    // Bundled packages of the old kind ask for Node's modules by require.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    metafile: true,
  };
  const client = await build({
    ...common,
    entryPoints: ['src/client/index.ts'],
    outfile: path.join(folder, 'client/index.js'),
  });
  const cli = await build({
    ...common,
    entryPoints: ['src/cli/main.ts'],
    outdir: path.join(folder, path.dirname(BIN)),
    splitting: true,
    plugins: [publishedCommands],
  });
  const bin = path.join(folder, BIN);
  writeFileSync(bin, `#!/usr/bin/env node\n${QUIET}\n${readFileSync(bin, 'utf8')}`);
  chmodSync(bin, 0o755);
  writeFileSync(path.join(path.dirname(bin), BUNDLED_PAGE), await bundlePage());
  declareTypes(root, folder);
  const used = [client, cli].flatMap(({ metafile }) =>
    Object.values(metafile?.outputs ?? {}).flatMap(({ imports }) => imports.map((it) => it.path)),
  );
  writeManifest(root, folder, used);
  copyFileSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'));
  copyFileSync(path.join(import.meta.dirname, 'README.md'), path.join(folder, 'README.md'));
  return folder;
}

/** In place of src/cli/commands.ts: commands that need the repository stay in it. */
const publishedCommands: Plugin = {
  name: 'published commands',
  setup({ onLoad }) {
    onLoad({ filter: /src\/cli\/commands\.ts$/ }, ({ path: file }) => {
      const groups = Object.fromEntries(PUBLISHED.map((group) => [group, GROUPS[group] ?? {}]));
      const names = Object.values(groups).flatMap((commands) => Object.keys(commands));
      const loaders = names.map((name) => `${JSON.stringify(name)}: () => import('./commands/${name}.ts')`);
      const contents = `
        export const GROUPS = ${JSON.stringify(groups)};
        export const NAMES = ${JSON.stringify(names)};
        const LOADERS = { ${loaders.join(', ')} };
        export const loadCommand = async (name) => (await LOADERS[name]()).default;`;
      return { contents, loader: 'js', resolveDir: path.dirname(file) };
    });
  },
};

/** Declarations of the client and of all that they mention. */
function declareTypes(root: string, folder: string): void {
  const types = path.join(folder, 'types');
  const tsc = path.join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'tsc.cmd' : 'tsc');
  const { status, stdout } = spawnSync(tsc, ['-p', 'tsconfig.package.json', '--outDir', types], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`tsc failed:\n${stdout}`);
  // A declaration names its neighbours as they are called at run time.
  for (const file of readdirSync(types, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.d.ts')) continue;
    const text = readFileSync(path.join(types, file), 'utf8');
    writeFileSync(path.join(types, file), text.replace(/(from '|import\(')(\.[^']+)\.ts'/g, "$1$2.js'"));
  }
}

/** Only what the bundles import is a dependency. */
function writeManifest(root: string, folder: string, imports: readonly string[]): void {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const { name, version, description, license, type, engines, dependencies } = manifest;
  const used = Object.entries(dependencies).filter(([dependency]) =>
    imports.some((it) => it === dependency || it.startsWith(`${dependency}/`)),
  );
  const published = {
    ...{ name, version, description, license, type, engines },
    exports: { './client': { types: './types/client/index.d.ts', default: './client/index.js' } },
    bin: { smoother: BIN },
    files: ['client', 'cli', 'types'],
    dependencies: Object.fromEntries(used),
  };
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(published, undefined, 2)}\n`);
}
