import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { unzipSync, zipSync } from 'fflate';
import { FUNCTION_NAMES, type FunctionName } from '../core/layout/environment.ts';

export interface Bundle {
  /** Absolute path of the zip. */
  path: string;
  /** SHA-256 of the code in hexadecimal. It changes if and only if the code does. */
  codeHash: string;
}

export type FunctionBundles = Record<FunctionName, Bundle>;

/** Zip entries need a date. This is the earliest one that the format can hold; it is in local time, as zip dates are. */
const ZIP_DATE = new Date(1980, 0, 1);
const UNIX = 3;
const READABLE = 0o644 << 16;

/** Builds `handlers/<name>.ts` of every function into `dist/functions/<name>.zip`, with the same bytes every time. */
export async function bundleFunctions(root: string): Promise<FunctionBundles> {
  const bundles = await Promise.all(
    FUNCTION_NAMES.map(async (name) => [name, await bundleFunction(root, name)] as const),
  );
  return Object.fromEntries(bundles) as FunctionBundles;
}

async function bundleFunction(root: string, name: FunctionName): Promise<Bundle> {
  const folder = path.join(root, 'dist', 'functions');
  const result = await build({
    absWorkingDir: root,
    entryPoints: [path.join('handlers', `${name}.ts`)],
    outfile: path.join(folder, 'index.js'),
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    // The oldest Node that runs the functions locally; the deployed runtime is newer.
    target: 'node20',
    minify: true,
    // esbuild can drop unused code from the SDK's ES modules, but not from its CommonJS builds.
    mainFields: ['module', 'main'],
    // `require` loads Node's own modules without starting the loader of ES modules.
    supported: { 'dynamic-import': false },
    sourcemap: 'external',
    sourcesContent: false,
    // Paths in the map stay the same when node_modules is a symbolic link.
    preserveSymlinks: true,
    legalComments: 'none',
    logLevel: 'error',
  });
  const contents = Object.fromEntries(
    result.outputFiles.map((file) => [path.basename(file.path), file.contents]),
  );
  const { 'index.js': code, 'index.js.map': map } = contents;
  if (code === undefined || map === undefined) {
    throw new Error(
      `esbuild gave ${Object.keys(contents).join(', ')} for ${name}, not index.js and index.js.map`,
    );
  }
  const zipPath = path.join(folder, `${name}.zip`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(zipPath, zip({ 'index.js': code, 'index.js.map': map }));
  return {
    path: zipPath,
    codeHash: createHash('sha256').update(code).digest('hex'),
  };
}

/** Bytes that the code takes in its zip, which is what a cold start loads. */
export function zippedCodeBytes({ path }: Pick<Bundle, 'path'>): number {
  let bytes = 0;
  const note = ({ name, size }: { name: string; size: number }) => {
    if (name === 'index.js') bytes = size;
    return false;
  };
  unzipSync(readFileSync(path), { filter: note });
  return bytes;
}

/** Entries in the given order, dated and readable by all: zlib's output may vary with Node, fflate's does not. */
function zip(files: Record<string, Uint8Array>): Uint8Array {
  return zipSync(files, { level: 9, mtime: ZIP_DATE, os: UNIX, attrs: READABLE });
}
