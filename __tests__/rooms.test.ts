import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, mayImport, ROOMS, roomOf } from '../scripts/docs/rooms.ts';

const root = path.resolve(import.meta.dirname, '..');
const sources = ['src', 'handlers'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => path.posix.join(folder, file.replaceAll(path.sep, '/')))
    .filter((file) => file.endsWith('.ts')),
);

/** `importer -> imported` of every import that the rooms do not allow. */
function forbidden(file: string, text: string): string[] {
  return importsOf(file, text)
    .filter((imported) => !mayImport(file, imported))
    .map((imported) => `${file} -> ${imported}`);
}

describe('rooms', () => {
  it('every source file is in a room, and every room has files', () => {
    expect(sources.filter((file) => roomOf(file) === undefined)).toEqual([]);
    const used = new Set(sources.map((file) => roomOf(file)?.folder));
    expect(ROOMS.filter(({ folder }) => !used.has(folder))).toEqual([]);
  });

  it('no file imports from a room that it may not know', () => {
    expect(sources.flatMap((file) => forbidden(file, readFileSync(path.join(root, file), 'utf8')))).toEqual(
      [],
    );
  });

  it.each([
    ['src/core/ingestion/ingestion.ts', '../../lab/run/run.ts'],
    ['src/core/ingestion/ingestion.ts', '../lane/engine/engine.ts'],
    ['src/core/request/record.ts', '../lane/catalog/catalog.ts'],
    ['src/client/feed.ts', '../local/local-cloud.ts'],
    ['src/local/bedrock/simulator.ts', '../gateway/gateway.ts'],
    ['src/lab/run/run.ts', '../../cli/report/report.ts'],
  ])('control: %s may not import %s', (file, specifier) => {
    expect(forbidden(file, `import { it } from '${specifier}';`)).toHaveLength(1);
    expect(forbidden(file, `const it = await import('${specifier}');`)).toHaveLength(1);
  });
});
