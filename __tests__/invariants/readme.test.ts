import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');

it('every invariant stands in the README, in its file, and nothing else does', () => {
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
