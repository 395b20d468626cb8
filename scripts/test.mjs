// npm test: sets up, lints, runs every test, and ends with the line `N passed, N failed`.
// Words after `--` go to vitest: `npm test -- transfer` runs only the files whose path has that word.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explained, root, setup } from './setup.mjs';

const bin = (path) => join(root, 'node_modules', path);

/** Runs a JavaScript program with our terminal; true when it ended well. */
function passes(file, args, env = {}) {
  const done = spawnSync(process.execPath, [file, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return done.status === 0;
}

/** Runs vitest and counts; what broke before it could count is one failure. */
export function vitest(args, env) {
  const folder = mkdtempSync(join(tmpdir(), 'libfota2-test-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ok = passes(bin('vitest/vitest.mjs'), ['run', ...reporters, ...args], env);
  try {
    const {
      numPassedTests: passed,
      numFailedTests: failed,
      numPendingTests: skipped,
    } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed, skipped, failed: !ok && failed === 0 ? 1 : failed };
  } catch {
    return { passed: 0, skipped: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === join(root, 'scripts/test.mjs')) {
  await explained(() => {
    setup();
    const filters = process.argv.slice(2);
    const lints =
      filters.length > 0
        ? []
        : [
            passes(bin('@biomejs/biome/bin/biome'), ['check', '--error-on-warnings', '--log-level=error', '.']),
            passes(bin('typescript/bin/tsc'), ['-p', 'tsconfig.json']),
            passes(bin('knip/bin/knip.js'), []),
          ];
    const tests = vitest(filters);
    const failed = tests.failed + lints.filter((ok) => !ok).length;
    if (tests.skipped > 0)
      console.log(`${tests.skipped} skipped: left to npm run prove, or for want of a tool that a warning above names`);
    console.log(`${tests.passed + lints.filter((ok) => ok).length} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  });
}
