/** `npm run docs`: writes all that the documentation takes from the code. Measures nothing. */
import path from 'node:path';
import { writeGenerated } from './generated.ts';

await writeGenerated(path.resolve(import.meta.dirname, '../..'));
