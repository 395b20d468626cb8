// node scripts/nodes.mjs [20 22.14 22 24 26]: installs each Node from the registry into a scratch folder and lets the packed
// libfota2 prove itself there (e2e/fixtures/probe.mjs), then the server (refused-write.mjs) and its demo (demo.mjs).
// Prints a table; ends with 1 when a check fails anywhere.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { explained, root, setup } from './setup.mjs';

/** 22.14 has a SQLite of its own, but not all of it that the server needs. */
const VERSIONS = ['20', '22.14', '22', '24', '26'];

function run(what, command, args, cwd) {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 300_000 });
  if (done.status !== 0) throw new Error(`${what} failed: ${done.stderr}${done.error ?? ''}`);
  return done.stdout;
}

const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];

/** Installs `what` into a fresh folder. npm lays the runtime down by a script of its package `node`. */
function install(what, folder, ...flags) {
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  run(`npm install ${what}`, 'npm', ['install', ...flags, ...quiet, what], folder);
}

/** The demo as it was built under the Node of this process. */
function demo(version, binary, scratch) {
  try {
    const data = join(scratch, `demo ${version}`);
    const screen = run(`the demo under ${version}`, binary, [join(root, 'e2e/fixtures/demo.mjs'), data], scratch);
    return { told: 'ok', sqlite: screen.trim().split('\n').at(-1) };
  } catch (error) {
    return { told: error.message, sqlite: 'unknown' };
  }
}

/** Whether the server writes on after a transaction that was undone. */
function refusedWrite(version, binary, scratch) {
  try {
    const data = join(scratch, `refused ${version}`);
    run(`the server under ${version}`, binary, [join(root, 'e2e/fixtures/refused-write.mjs'), data], scratch);
    return 'ok';
  } catch (error) {
    return error.message;
  }
}

/** The checks under one Node: its exact version, its server's SQLite, and by name 'ok' or what went wrong. */
function probe(wanted, tarball, tls, scratch) {
  const runtime = join(scratch, `node ${wanted}`);
  install(`node@${wanted}`, runtime);
  const binary = ['bin/node', 'bin/node.exe'].map((path) => join(runtime, 'node_modules/node', path)).find(existsSync);
  const app = join(scratch, `app ${wanted}`);
  install(tarball, app, '--offline', '--ignore-scripts');
  copyFileSync(join(root, 'e2e/fixtures/probe.mjs'), join(app, 'probe.mjs'));
  const version = run('node --version', binary, ['--version'], app).trim();
  const checks = JSON.parse(run(`the probe under ${version}`, binary, ['probe.mjs', tls], app));
  const { told, sqlite } = demo(version, binary, scratch);
  const server = refusedWrite(version, binary, scratch);
  return {
    version,
    sqlite,
    checks: { ...checks, 'demo with its server': told, 'server after an undone write': server },
  };
}

/** Runs probe and demo under each Node and prints a line for each; resolves to one result a Node. */
export async function nodes(versions = VERSIONS) {
  const { makeCertificate } = await import(pathToFileURL(join(root, 'packages/testkit/dist/index.js')).href);
  const scratch = mkdtempSync(join(tmpdir(), 'libfota2 nodes '));
  try {
    const authority = makeCertificate({ name: 'Own CA', authority: true });
    const { cert, key } = makeCertificate({ name: 'server', host: '127.0.0.1', issuer: authority });
    const tls = join(scratch, 'tls.json');
    writeFileSync(tls, JSON.stringify({ cert, key, ca: authority.cert }));
    const packed = run(
      'npm pack',
      'npm',
      ['pack', '-w', 'libfota2', '--json', '--ignore-scripts', '--pack-destination', scratch],
      root,
    );
    const tarball = join(scratch, JSON.parse(packed)[0].filename);
    return versions.map((wanted) => {
      let result;
      try {
        result = probe(wanted, tarball, tls, scratch);
      } catch (error) {
        result = { version: `v${wanted}`, sqlite: 'unknown', checks: { 'install and start': error.message } };
      }
      const failed = Object.entries(result.checks).filter(([, told]) => told !== 'ok');
      const passed = Object.keys(result.checks).length - failed.length;
      console.log(`${result.version.padEnd(10)} ${passed} passed, ${failed.length} failed, server on ${result.sqlite}`);
      for (const [name, told] of failed) console.log(`           ${name}: ${told}`);
      return { ...result, passed, failed: failed.length };
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (process.argv[1] === join(root, 'scripts/nodes.mjs')) {
  await explained(async () => {
    setup();
    const versions = process.argv.slice(2);
    const results = await nodes(versions.length > 0 ? versions : VERSIONS);
    process.exitCode = results.every(({ failed }) => failed === 0) ? 0 : 1;
  });
}
