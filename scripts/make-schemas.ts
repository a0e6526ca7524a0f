/** Writes the JSON Schemas of the messages into docs/. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { schemaDocuments } from '../src/request/documents.ts';

for (const [name, text] of Object.entries(schemaDocuments())) {
  await writeFile(path.resolve(import.meta.dirname, '../docs', name), text);
}
