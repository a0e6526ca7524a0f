import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');

it('the README lists every invariant with its file, and nothing else', () => {
  const files = readdirSync(new URL('.', import.meta.url)).filter((file) => file.endsWith('.test.ts'));
  const tested = files.flatMap((file) =>
    [...read(file).matchAll(/^invariant<[\s\S]*?>\(\s*'([^']+)'/gm)].map(([, name]) => `${name} | ${file}`),
  );
  const listed = [...read('README.md').matchAll(/^\| [^|]+ \| ([^|]+) \| ([\w-]+\.test\.ts) \|$/gm)].map(
    ([, name, file]) => `${name} | ${file}`,
  );
  expect(tested.length).toBeGreaterThan(20);
  expect(listed.sort()).toEqual(tested.sort());
});
