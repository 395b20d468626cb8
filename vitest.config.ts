import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'examples/**/*.test.ts', 'e2e/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // The long forms of the proofs take their time, and more of it on a machine that others use too.
    testTimeout: process.env['PROVE'] === undefined ? 30_000 : 900_000,
    hookTimeout: 30_000,
    // Two cores: more workers would only make the ones that wait for a socket wait longer.
    maxWorkers: 2,
  },
});
