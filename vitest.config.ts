import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['__tests__/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Some files mostly wait, for functions on the local cloud: beside them another one can work.
    maxWorkers: 2,
  },
});
