import { defineConfig } from 'vitest/config';

/** Tests that neither start processes nor change what others of their process see: they share modules, which saves much loading. */
const PURE = [
  'core',
  'invariants',
  'lab/bench',
  'lab/cost',
  'lab/crash',
  'lab/faults',
  'lab/fuzz',
  'lab/simulation',
  'local/bedrock',
  'memory',
  'scripts/docs',
  'stack',
  'upgrades',
  'wire',
].map((folder) => `__tests__/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Some files mostly wait, for functions on the local cloud: beside them another one can work.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'system', include: ['__tests__/**/*.test.ts'], exclude: PURE } },
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
    ],
  },
});
