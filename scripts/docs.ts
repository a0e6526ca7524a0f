/** Writes README's configuration table and the tfvars example from the table of variables, docs/models.md from the catalog. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderTfvarsExample, withVariablesTable } from '../src/configuration/documents.ts';
import { renderCatalog } from '../src/lane/catalog-document.ts';

const root = path.resolve(import.meta.dirname, '..');
const readme = path.join(root, 'README.md');
writeFileSync(readme, withVariablesTable(readFileSync(readme, 'utf8')));
writeFileSync(path.join(root, 'terraform.tfvars.example'), renderTfvarsExample());
writeFileSync(path.join(root, 'docs/models.md'), renderCatalog());
