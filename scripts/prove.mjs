// npm run prove: the long version of every proof (hours of bad luck in minutes), then the packed library and the
// demo under every supported Node. Writes docs/proof.md, which is committed. Ends with 1 when anything failed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodes } from './nodes.mjs';
import { explained, root, setup } from './setup.mjs';
import { vitest } from './test.mjs';

/** Tests with PROVE set to the file that they tell their counts to. */
function longTests() {
  const folder = mkdtempSync(join(tmpdir(), 'libfota2-prove-'));
  const told = join(folder, 'proof.txt');
  writeFileSync(told, '');
  try {
    const counts = vitest([], { PROVE: told });
    return { ...counts, proofs: readFileSync(told, 'utf8').trim().split('\n').filter(Boolean).sort() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function page(tests, runtimes, commit, minutes) {
  // A runtime that does not even start has another check than the others.
  const checks = [...new Set(runtimes.flatMap(({ checks }) => Object.keys(checks)))];
  const rows = runtimes.map(({ version, sqlite, checks: told }) => {
    const cells = checks.map((name) => (told[name] ?? 'not run').replace(/\s+/g, ' '));
    return `| ${[version, ...cells, sqlite].join(' | ')} |`;
  });
  return `# Proof

Written by \`npm run prove\`; do not edit. It runs every test in its long version, then the packed library and
the demo under each supported Node.

- Commit \`${commit}\`, ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${process.platform} ${release().split('-')[0]}, ${cpus().length} cores, ${minutes} minutes.
- Tests: ${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped.

## Counted in the long tests

${tests.proofs.map((line) => `- ${line}`).join('\n')}

## Under each Node

The tarball of \`npm pack\`, installed offline, run by each runtime (\`e2e/fixtures/probe.mjs\`); then the demo of \`npm start\`,
built once, whose server runs on the SQLite in the last column (\`e2e/fixtures/demo.mjs\`).

| Node | ${checks.join(' | ')} | SQLite |
| --- |${' --- |'.repeat(checks.length)} --- |
${rows.join('\n')}
`;
}

await explained(async () => {
  setup();
  const started = Date.now();
  const tests = longTests();
  const runtimes = await nodes();
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  // What was proven must be found again: a tree with changes of its own is no commit.
  const changes = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!docs');
  const commit = git('rev-parse', '--short', 'HEAD') + (changes === '' ? '' : ' with uncommitted changes');
  const minutes = Math.ceil((Date.now() - started) / 60_000);
  writeFileSync(join(root, 'docs/proof.md'), page(tests, runtimes, commit, minutes));
  const failed = tests.failed + runtimes.reduce((sum, runtime) => sum + runtime.failed, 0);
  const passed = tests.passed + runtimes.reduce((sum, runtime) => sum + runtime.passed, 0);
  console.log(`${passed} passed, ${failed} failed; see docs/proof.md`);
  process.exitCode = failed === 0 ? 0 : 1;
});
