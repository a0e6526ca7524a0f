/** Builds the functions' zips into dist/functions and says how large they are. */
import path from 'node:path';
import { bundleFunctions, zippedCodeBytes } from '../src/stack/bundle.ts';

const bundles = await bundleFunctions(path.resolve(import.meta.dirname, '..'));
for (const [name, bundle] of Object.entries(bundles)) {
  console.log(`${name.padEnd(20)}${(zippedCodeBytes(bundle) / 1024).toFixed(1).padStart(8)} KB zipped`);
}
