/** Writes examples/requests.jsonl: the same bytes every time, for the same seed. `tsx scripts/make-examples.ts` */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { exampleLines } from './example-requests.ts';

const SEED = 20261122;
const file = path.resolve(import.meta.dirname, '../examples/requests.jsonl');
writeFileSync(file, `${exampleLines(SEED).join('\n')}\n`);
