/** Writes what is generated from the table of variables: README's configuration table and the tfvars example. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderTfvarsExample, withVariablesTable } from '../src/configuration/documents.ts';

const root = path.resolve(import.meta.dirname, '..');
const readme = path.join(root, 'README.md');
writeFileSync(readme, withVariablesTable(readFileSync(readme, 'utf8')));
writeFileSync(path.join(root, 'terraform.tfvars.example'), renderTfvarsExample());
