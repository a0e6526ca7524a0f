/**
 * `npm run docs`: writes what is read from the code: README's configuration table and the tfvars example from the table
 * of variables, docs/models.md from the catalog, the tables of docs/architecture.md, the JSON Schemas of the messages and
 * the results that docs/messages.md shows.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withArchitectureTables } from './architecture.ts';
import { between } from './markdown.ts';
import { renderCatalog } from './models.ts';
import { withResultExamples } from './result-examples.ts';
import { schemaDocuments } from './schemas.ts';
import { renderTfvarsExample, renderVariablesTable } from './variables.ts';

const root = path.resolve(import.meta.dirname, '../..');
const write = (file: string, text: string) => writeFileSync(path.join(root, file), text);
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

write('README.md', between('variables', read('README.md'), renderVariablesTable()));
write('terraform.tfvars.example', renderTfvarsExample());
write('docs/models.md', renderCatalog());
write('docs/architecture.md', withArchitectureTables(read('docs/architecture.md')));
write('docs/messages.md', await withResultExamples(read('docs/messages.md')));
for (const [name, text] of Object.entries(schemaDocuments())) write(`docs/schemas/${name}`, text);
