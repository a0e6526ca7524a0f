/**
 * What the documentation takes from the code: README's table of variables and its figures, the tfvars example,
 * docs/models.md, the tables of docs/architecture.md, the schemas of the messages, the results that docs/messages.md shows,
 * the picture of a burst.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withArchitectureTables } from './architecture.ts';
import type { Burst } from './burst/burst.ts';
import { renderBurst, THEME_NAMES } from './burst/chart.ts';
import { renderClaims } from './burst/claims.ts';
import { between } from './markdown.ts';
import { renderCatalog } from './models.ts';
import { withResultExamples } from './result-examples.ts';
import { schemaDocuments } from './schemas.ts';
import { renderTfvarsExample, renderVariablesTable } from './variables.ts';

/** By path from the project's folder: the text that each file with a generated part must have. */
export async function generatedFiles(root: string): Promise<Record<string, string>> {
  const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
  const burst: Burst = JSON.parse(read('docs/images/burst.json'));
  const readme = between('variables', read('README.md'), renderVariablesTable());
  return {
    'README.md': between('figures', readme, renderClaims(burst)),
    'terraform.tfvars.example': renderTfvarsExample(),
    'docs/models.md': renderCatalog(),
    'docs/architecture.md': withArchitectureTables(read('docs/architecture.md')),
    'docs/messages.md': await withResultExamples(read('docs/messages.md')),
    ...named('docs/schemas/', schemaDocuments()),
    ...Object.fromEntries(
      THEME_NAMES.map((theme) => [`docs/images/burst-${theme}.svg`, renderBurst(burst, theme)]),
    ),
  };
}

export async function writeGenerated(root: string): Promise<void> {
  for (const [file, text] of Object.entries(await generatedFiles(root)))
    writeFileSync(path.join(root, file), text);
}

function named(folder: string, files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [folder + name, text]));
}
