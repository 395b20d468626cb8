import { defineConfig } from 'vitest/config';

/** `npm run prove`: every test in its long form, and every file in a process of its own. */
const proving = process.env['PROVE'] !== undefined;

/** They start programs, change what belongs to a process, or measure it: each file has one for itself. */
const ALONE = [
  'packages/libfota2/src/node/**/*.test.ts',
  'packages/cli/src/agent/**/*.test.ts',
  'examples/**/*.test.ts',
  'e2e/**/*.test.ts',
  'bench/**/*.test.ts',
];
const NOWHERE = ['**/node_modules/**', '**/dist/**'];

export default defineConfig({
  test: {
    // The long forms of the proofs take their time, and more of it on a machine that others use too.
    testTimeout: proving ? 900_000 : 30_000,
    hookTimeout: 30_000,
    // Two cores: more workers would only make the ones that wait for a socket wait longer.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'programs', include: ALONE, exclude: NOWHERE, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'packages',
          include: ['packages/*/src/**/*.test.ts'],
          exclude: [...NOWHERE, ...ALONE],
          // To start a process and load the same modules again for each of 250 files took longer than their tests.
          isolate: proving,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
