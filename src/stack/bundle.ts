import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { unzipSync, zipSync } from 'fflate';
import { FUNCTION_NAMES, type FunctionName } from '../core/layout/environment.ts';

export interface Bundle {
  /** Absolute path of the zip. */
  path: string;
  /** SHA-256 of the zip in hexadecimal. It changes with the code and with the line numbers in its source map. */
  hash: string;
}

export type FunctionBundles = Record<FunctionName, Bundle>;

/** Zip entries need a date. This is the earliest one that the format can hold; it is in local time, as zip dates are. */
const ZIP_DATE = new Date(1980, 0, 1);
const UNIX = 3;
const READABLE = 0o644 << 16;

/** Builds `handlers/<name>.ts` of every function into `dist/functions/<name>.zip`, with the same bytes every time. */
export async function bundleFunctions(root: string): Promise<FunctionBundles> {
  const folder = path.join(root, 'dist', 'functions');
  // One build, so that what the functions share is read and parsed once.
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: FUNCTION_NAMES.map((name) => path.join('handlers', `${name}.ts`)),
    outdir: folder,
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
  const built = new Map(outputFiles.map((file) => [path.basename(file.path), file.contents]));
  mkdirSync(folder, { recursive: true });
  const bundles = FUNCTION_NAMES.map((name): [FunctionName, Bundle] => {
    const [code, map] = [built.get(`${name}.js`), built.get(`${name}.js.map`)];
    if (code === undefined || map === undefined) {
      throw new Error(`esbuild gave ${[...built.keys()].join(', ')}: no ${name}.js or no map of it`);
    }
    const zipPath = path.join(folder, `${name}.zip`);
    const zipped = zip({ 'index.js': code, 'index.js.map': map });
    writeFileSync(zipPath, zipped);
    return [name, { path: zipPath, hash: createHash('sha256').update(zipped).digest('hex') }];
  });
  return Object.fromEntries(bundles) as FunctionBundles;
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
