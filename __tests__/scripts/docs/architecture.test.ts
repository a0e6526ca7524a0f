import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { withArchitectureTables } from '../../../scripts/docs/architecture.ts';

const document = readFileSync(path.resolve(import.meta.dirname, '../../../docs/architecture.md'), 'utf8');

it('docs/architecture.md shows the tables of the code (npm run docs)', () => {
  expect(document).toBe(withArchitectureTables(document));
});
