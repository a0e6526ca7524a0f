/** Builds the functions' zips into dist/functions and says how large they are. */
import path from 'node:path';
import { bundleFunctions } from '../src/stack/bundle.ts';

const bundles = await bundleFunctions(path.resolve(import.meta.dirname, '..'));
for (const [name, { codeZipBytes }] of Object.entries(bundles)) {
  console.log(`${name.padEnd(20)}${(codeZipBytes / 1024).toFixed(1).padStart(8)} KB zipped`);
}
