/**
 * `npm run docs:picture`: measures the burst anew and prints what it shows; writes the picture and the README's figures if
 * the README's claims hold, and exits with 1 otherwise.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeGenerated } from '../generated.ts';
import { measureBurst } from './burst.ts';
import { brokenClaims, renderClaims } from './claims.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const burst = await measureBurst(new Date());
const broken = brokenClaims(burst);
console.log(renderClaims(burst));
if (broken.length > 0) {
  console.error(`\nNothing was written, because these claims do not hold: ${broken.join('; ')}.`);
  process.exitCode = 1;
} else {
  writeFileSync(path.join(root, 'docs/images/burst.json'), `${JSON.stringify(burst)}\n`);
  await writeGenerated(root);
}
