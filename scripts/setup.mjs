// Makes a clone runnable: installs from the lockfile, builds what is stale. Plain JavaScript without dependencies, for it
// runs before anything is installed. Seconds when nothing changed. `node scripts/setup.mjs [library | demo]` runs it alone.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamps = join(root, '.stamp');
const oldestNode = [20, 19];

/** A failure that is explained already; printed without a stack. */
class SetupError extends Error {}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  throw new SetupError(
    `Node ${process.versions.node} is too old: install Node ${oldestNode.join('.')} or newer from https://nodejs.org.`,
  );
}

/** Every file below `folders` that a build step reads, by relative path and content. */
function fingerprint(folders) {
  const hash = createHash('sha256').update(process.platform + process.arch);
  const add = (path) => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory()) {
      for (const name of readdirSync(join(root, path)).sort()) {
        if (!['dist', 'build', 'node_modules'].includes(name)) add(join(path, name));
      }
    } else {
      hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
    }
  };
  for (const folder of folders) add(folder);
  return hash.digest('hex');
}

/** A step of the setup: what it reads, what it makes, and how. */
function step(name, inputs, results, work) {
  const stamp = join(stamps, name);
  const isMade = () => results.every((path) => existsSync(join(root, path))) && existsSync(stamp);
  return {
    isFresh: () => isMade() && readFileSync(stamp, 'utf8') === fingerprint(inputs),
    run() {
      const started = Date.now();
      work();
      writeFileSync(stamp, fingerprint(inputs));
      say(`  ${name}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
    },
  };
}

/** Runs a program and shows its output only when it fails. `command` is `npm` or a JavaScript file. */
function run(what, file, args, cwd = root) {
  const isNpm = file === 'npm';
  const npm = process.env.npm_execpath;
  const [command, prefix] = isNpm ? (npm ? [process.execPath, [npm]] : ['npm', []]) : [process.execPath, [file]];
  const done = spawnSync(command, [...prefix, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    shell: isNpm && !npm && process.platform === 'win32',
  });
  if (done.status === 0) return;
  throw new SetupError(`${what} failed.\n${done.stdout ?? ''}${done.stderr ?? ''}${done.error ?? ''}`);
}

/** No setup takes longer; a lock that is older was left by one that was killed, whoever has its number now. */
const LOCK_LASTS_MS = 15 * 60_000;

/** One setup at a time: two commands started together would tear each other's `node_modules`. */
function withLock(work) {
  const lock = join(stamps, 'lock');
  const own = join(stamps, `lock.${process.pid}`);
  writeFileSync(own, String(process.pid));
  try {
    // A link appears with its content, so that nobody ever reads a lock that is half written.
    for (let told = false; !isTaken(own, lock); told = true) {
      if (!told) say('Waiting for another setup to end …');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
    try {
      work();
    } finally {
      rmSync(lock, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Tries to take the lock; one whose holder is gone is put away for the next try. */
function isTaken(own, lock) {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    const isOld = Date.now() - statSync(lock).mtimeMs > LOCK_LASTS_MS;
    if (isOld || !isAlive(readFileSync(lock, 'utf8'))) rmSync(lock, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return false;
}

function isAlive(pid) {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const bin = (path) => join(root, 'node_modules', path);

const tsc = (...projects) => run('tsc', bin('typescript/bin/tsc'), ['-b', ...projects]);

const library = ['tsconfig.base.json', 'package-lock.json', 'packages/protocol', 'packages/libfota2'];
const demo = [...library, 'packages/server', 'packages/simulator', 'packages/cli'];
const everything = [...demo, 'tsconfig.build.json', 'packages/testkit', 'examples', 'bench'];

const STEPS = [
  // Scripts of packages stay off: nothing here needs a compiler, the one native module ships prebuilt.
  step('install', ['package-lock.json', '.npmrc'], ['node_modules/.package-lock.json'], () => {
    say('Installing from the lockfile (once) …');
    run('npm ci', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  }),
  step('build libfota2', library, ['packages/protocol/dist/index.js', 'packages/libfota2/dist/index.js'], () => {
    tsc('packages/protocol', 'packages/libfota2');
    run('tsdown', bin('tsdown/dist/run.mjs'), ['--logLevel', 'error'], join(root, 'packages/libfota2'));
  }),
  step('build server and command', demo, ['packages/cli/dist/main.js'], () => {
    tsc('packages/simulator', 'packages/cli');
  }),
  step(
    'build what tests need',
    everything,
    ['packages/testkit/dist/index.js', 'examples/dist/promise.js', 'bench/dist/main.js'],
    () => {
      tsc('tsconfig.build.json');
    },
  ),
];
const NEEDED = { library: 2, demo: 3, everything: 4 };

/** Installs and builds whatever is stale, as far as it is needed: `library`, `demo` (and server) or `everything`. */
export function setup(needed = 'everything') {
  checkNode();
  const steps = STEPS.slice(0, NEEDED[needed]);
  const isStale = () => steps.some((each) => !each.isFresh());
  // Looked at first, so that a finished clone runs from a read-only disk too.
  if (!isStale()) return;
  try {
    mkdirSync(stamps, { recursive: true });
    withLock(() => {
      for (const each of steps) if (!each.isFresh()) each.run();
    });
  } catch (error) {
    if (error.syscall === undefined) throw error;
    throw new SetupError(`This clone cannot be set up (${error.message}): it must be on a disk that can be written.`);
  }
}

/** Ends the process with a plain message where `work` fails for a known reason. */
export async function explained(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await explained(() => setup(process.argv[2]));
