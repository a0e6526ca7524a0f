/**
 * `npm run docs`: writes what is read from the code: README's configuration table and the tfvars example from the table
 * of variables, docs/models.md from the catalog, the JSON Schemas of the messages.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderCatalog } from './models.ts';
import { schemaDocuments } from './schemas.ts';
import { renderTfvarsExample, withVariablesTable } from './variables.ts';

const root = path.resolve(import.meta.dirname, '../..');
const readme = path.join(root, 'README.md');
writeFileSync(readme, withVariablesTable(readFileSync(readme, 'utf8')));
writeFileSync(path.join(root, 'terraform.tfvars.example'), renderTfvarsExample());
writeFileSync(path.join(root, 'docs/models.md'), renderCatalog());
for (const [name, text] of Object.entries(schemaDocuments()))
  writeFileSync(path.join(root, 'docs', name), text);
