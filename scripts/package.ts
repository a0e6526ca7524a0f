/** Builds the package that producers install, into dist/package. `npm run package` packs it as well, into dist. */
import path from 'node:path';
import { buildPackage } from './package/build.ts';

const folder = await buildPackage(path.resolve(import.meta.dirname, '..'));
console.log(`Built ${folder}`);
