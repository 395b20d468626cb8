import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeImage, sha256Hex, testNotebook, testTarget } from '@libfota2/testkit';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { codeOf, install } from '../../test/installing.ts';
import type { Trials } from '../core/trials.ts';
import { type InstallerOptions, type InstallProgress, installer } from './installer.ts';
import type { FileSystem } from './update-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await newFolder();
});

async function newFolder(): Promise<string> {
  const folder = await fs.mkdtemp(join(tmpdir(), 'fota installer '));
  onTestFinished(() => fs.rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Two slots that are files, of which the machine runs one; and the program that installs to the other. */
class Machine {
  boot = 1;
  runs: 'a' | 'b' = 'a';
  readonly #home: string;
  readonly #files: FileSystem;

  constructor(home: string) {
    this.#home = home;
    const readFile = (path: string, ...rest: readonly unknown[]): Promise<unknown> => {
      if (path.endsWith('boot_id')) return Promise.resolve(`boot ${this.boot}\n`);
      if (path === '/proc/cmdline') return Promise.resolve(`console=ttyS0 root=/dev/mmcblk0p${this.runs} quiet\n`);
      return Reflect.apply(fs.readFile, fs, [path, ...rest]) as Promise<unknown>;
    };
    this.#files = { ...fs, readFile: readFile as typeof fs.readFile };
  }

  installer(options: Partial<InstallerOptions> = {}): Trials {
    // As such programs do: to the slot that does not run, and then it is the one to be started.
    const script = 'cp "$1" "$2/slot.$(cat "$2/free")" && cp "$2/free" "$2/next"';
    const command = ['sh', '-c', script, 'sh', '{file}', this.#home];
    return installer({ dir: this.#home, command, ...options }, this.#files);
  }

  async ready(): Promise<this> {
    await fs.writeFile(join(this.#home, 'free'), 'b');
    return this;
  }

  /** Starts what is to be started, or where that falls, what ran. */
  async restart(falls = false): Promise<void> {
    this.boot += 1;
    const next = await fs.readFile(join(this.#home, 'next'), 'utf8').catch(() => this.runs);
    if (!falls) this.runs = next.trim() === 'b' ? 'b' : 'a';
    await fs.writeFile(join(this.#home, 'free'), this.runs === 'a' ? 'b' : 'a');
    await fs.rm(join(this.#home, 'next'), { force: true });
  }

  slot(name: string): Promise<Uint8Array | undefined> {
    return fs.readFile(join(this.#home, `slot.${name}`)).catch(() => undefined);
  }
}

const [one, two] = [makeImage(1, 5_000), makeImage(2, 6_000)] as const;

describe('as a target', () => {
  testTarget(it, async () => {
    const own = await newFolder();
    const machine = await new Machine(own).ready();
    // A target knows nothing of trials: what it shows is started and has proven itself.
    const settled = () => {
      const trials = machine.installer();
      return {
        ...trials.target,
        async finish(ok: boolean) {
          const address = await trials.target.finish(ok);
          if (ok) await machine.restart();
          if (ok) await trials.confirm();
          return address;
        },
      };
    };
    return { target: settled(), shown: () => machine.slot(machine.runs), again: settled };
  });
});

it('gives the image to the standard input of a program that is told no file', async () => {
  await install(installer({ dir, command: ['sh', '-c', 'cat >"$0"', join(dir, 'copy')] }), one);
  expect(await fs.readFile(join(dir, 'copy'))).toEqual(Buffer.from(one));
});

testNotebook(it, async () => {
  const own = await newFolder();
  const make = () => installer({ dir: own, command: ['true'] }).notebook;
  return { notebook: make(), again: make };
});

describe('a version that another program installed', () => {
  let machine: Machine;
  let trials: Trials;
  const told = async (): Promise<string> => fs.readFile(join(dir, 'told'), 'utf8').catch(() => '');
  const tell = (word: string): readonly string[] => ['sh', '-c', `echo ${word} >>"$0"`, join(dir, 'told')];
  beforeEach(async () => {
    machine = await new Machine(dir).ready();
    trials = machine.installer({ confirm: tell('good'), giveUp: tell('bad') });
  });

  it('waits for a restart, is tried, and stays once it is confirmed', async () => {
    expect(await trials.standing()).toEqual({ runs: undefined, isTried: false, isStarted: false, fell: undefined });
    expect(await install(trials, one)).toBe('the slots of sh');
    expect(await machine.slot('b')).toEqual(Buffer.from(one));
    expect((await fs.readdir(dir)).filter((name) => name.endsWith('.part'))).toEqual([]);
    expect(await trials.standing()).toMatchObject({ runs: sha256Hex(one), isTried: true, isStarted: false });
    // What runs is content with itself, which proves nothing of the new one.
    expect([await trials.confirm(), await trials.giveUp(), await told()]).toEqual([false, false, '']);
    expect(await codeOf(install(trials, two))).toBe('unconfirmed');
    await machine.restart();
    expect(await trials.standing()).toMatchObject({ runs: sha256Hex(one), isTried: true, isStarted: true });
    expect(await codeOf(install(trials, two))).toBe('unconfirmed');
    expect(await Promise.all([trials.confirm(), trials.confirm()])).toEqual([true, false]);
    expect(await told()).toBe('good\n');
    expect(await trials.standing()).toMatchObject({ runs: sha256Hex(one), isTried: false, isStarted: true });
    expect([await codeOf(install(trials, one)), await codeOf(install(trials, two))]).toEqual(['image-runs', 'fine']);
    expect(await machine.slot('a')).toEqual(Buffer.from(two));
  });

  it('fell where the machine runs what it ran before, and is not taken again', async () => {
    await install(trials, one);
    await machine.restart(true);
    const fallen = { runs: undefined, isTried: false, isStarted: true, fell: sha256Hex(one) };
    expect(await trials.standing()).toEqual(fallen);
    // Validators of what was delivered count, so that it is not even asked for.
    expect(await trials.target.size()).toBe(one.length);
    expect(await codeOf(install(trials, one))).toBe('image-given-up');
    expect(await trials.confirm()).toBe(false);
    await machine.restart();
    expect(await machine.installer().standing()).toEqual(fallen);
    expect(await codeOf(install(trials, two))).toBe('fine');
    expect(await trials.standing()).toMatchObject({ runs: sha256Hex(two), fell: undefined });
  });

  it('is given up by itself, and nothing is written over its way back before that runs', async () => {
    await install(trials, one);
    await machine.restart();
    expect(await trials.giveUp()).toBe(true);
    expect(await told()).toBe('bad\n');
    expect(await codeOf(install(trials, two))).toBe('unconfirmed');
    expect([await trials.giveUp(), await trials.confirm()]).toEqual([false, false]);
    machine.runs = 'a';
    machine.boot += 1;
    expect(await trials.standing()).toMatchObject({ isTried: false, fell: sha256Hex(one) });
    expect(await codeOf(install(trials, one))).toBe('image-given-up');
    expect(await codeOf(install(trials, two))).toBe('fine');
  });

  it('stays in trial where it cannot be told to be good, or bad', async () => {
    const mute = machine.installer({ confirm: ['false'], giveUp: ['false'] });
    await install(mute, one);
    await machine.restart();
    expect(await codeOf(mute.confirm())).toBe('installer-failed');
    expect(await codeOf(mute.giveUp())).toBe('installer-failed');
    expect(await mute.standing()).toMatchObject({ isTried: true });
    expect(await trials.confirm()).toBe(true);
  });

  it('is told to be good at each confirmation, where the boot loader counts every start', async () => {
    const counting = machine.installer({ confirm: tell('good'), confirmAlways: true });
    expect([await counting.confirm(), await told()]).toEqual([false, 'good\n']);
    await install(counting, one);
    expect([await counting.confirm(), await told()]).toEqual([false, 'good\n']);
    await machine.restart();
    expect([await counting.markGood?.(), await told()]).toEqual([undefined, 'good\n']);
    expect([await counting.confirm(), await told()]).toEqual([true, 'good\ngood\n']);
  });

  it('is found by either copy of the journal alone', async () => {
    await install(trials, one);
    for (const copy of ['0', '1']) {
      const path = join(dir, `update.bin.installer.${copy}`);
      const text = await fs.readFile(path);
      await fs.writeFile(path, text.subarray(0, 60));
      expect(await machine.installer().standing()).toMatchObject({ runs: sha256Hex(one), isTried: true });
      await fs.writeFile(path, text);
    }
  });
});

it('is known by the digest that was counted while it came', async () => {
  const trials = (await new Machine(dir).ready()).installer();
  await trials.target.init(one.length, undefined);
  await trials.target.write(one);
  await trials.target.done('f'.repeat(64));
  await trials.target.finish(true);
  expect(await trials.standing()).toMatchObject({ runs: 'f'.repeat(64) });
  expect(await trials.target.size()).toBe(one.length);
});

describe('a program that fails', () => {
  it.each([
    ['ends with 1', ['sh', '-c', 'echo wrong signature >&2; exit 1'], /^sh ended with 1: wrong signature$/],
    ['is killed', ['sh', '-c', 'kill -9 $$'], /^sh was ended by SIGKILL/],
  ])('and %s, is known, and the image is installed when it is offered again', async (_name, command, message) => {
    const machine = await new Machine(dir).ready();
    await expect(install(machine.installer({ command }), one)).rejects.toMatchObject({
      code: 'installer-failed',
      message: expect.stringMatching(message),
    });
    expect(await machine.installer().standing()).toMatchObject({ runs: undefined, isTried: false, fell: undefined });
    expect(await machine.installer().target.size()).toBeUndefined();
    expect((await fs.readdir(dir)).filter((name) => name.endsWith('.part'))).toEqual([]);
    expect(await codeOf(install(machine.installer(), one))).toBe('fine');
  });

  it('is told before anything is downloaded where it is not there', async () => {
    for (const command of [['fota-no-such-program'], [join(dir, 'nothing')], [dir, '/dev/null/x']]) {
      const { target } = installer({ dir, command });
      const work = command[0] === dir ? install(installer({ dir, command }), one) : target.init(1, undefined);
      expect(await codeOf(work)).toBe('installer-failed');
    }
  });

  it('after it has done its work is known by what runs after the next start', async () => {
    const machine = await new Machine(dir).ready();
    const script = 'cp "$1" "$2/slot.b"; echo b >"$2/next"; kill -9 $$';
    await install(machine.installer({ command: ['sh', '-c', script, 'sh', '{file}', dir] }), one).catch(
      () => undefined,
    );
    await machine.restart();
    expect(await machine.installer().standing()).toMatchObject({
      runs: sha256Hex(one),
      isTried: true,
      isStarted: true,
    });
  });

  it('takes longer than it may', async () => {
    const slow = installer({ dir, command: ['sleep', '5'], timeoutMs: 50 });
    await expect(install(slow, one)).rejects.toThrow('sleep was not done within 50 ms and was ended.');
  });
});

describe('what a process that was killed has left behind', () => {
  /** A program under way that `owner` started, as the mark in its environment says, and whose parent is gone. */
  async function leave(owner: string): Promise<number> {
    const mark = { FOTA_INSTALLING: `${owner} ${join(dir, 'update.bin')}` };
    const script = 'sleep 60 & echo $!';
    const child = spawn('sh', ['-c', script], {
      env: { ...process.env, ...mark },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [pid] = (await once(child.stdout, 'data')) as [Buffer];
    onTestFinished(async () => void ((await isAlive(Number(pid))) && process.kill(Number(pid), 'SIGKILL')));
    return Number(pid);
  }
  /** What waits to be buried is gone. */
  const isAlive = async (pid: number): Promise<boolean> =>
    /\) [^Z]/.test(await fs.readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));
  /** The journal says that the program was begun. */
  const cutOff = (machine: Machine): Promise<unknown> =>
    install(machine.installer({ command: ['false'] }), one).catch(() => undefined);

  it('is ended before the next image is taken', async () => {
    const machine = await new Machine(dir).ready();
    await cutOff(machine);
    const pid = await leave('999999999');
    expect(await codeOf(install(machine.installer(), two))).toBe('fine');
    expect(await isAlive(pid)).toBe(false);
  });

  it('is let be where its starter lives: two never install at once', async () => {
    const machine = await new Machine(dir).ready();
    await cutOff(machine);
    const marked = { ...process.env, FOTA_INSTALLING: `${process.pid} ${join(dir, 'update.bin')}` };
    const child = spawn('sleep', ['60'], { env: marked });
    await once(child, 'spawn');
    onTestFinished(() => void child.kill('SIGKILL'));
    await expect(install(machine.installer(), two)).rejects.toThrow(`Process ${process.pid} is installing here`);
    expect(child.exitCode).toBeNull();
  });
});

it('tells how far it is, and goes on where nobody can listen', async () => {
  const heard: InstallProgress[] = [];
  const command = ['sh', '-c', 'echo " 10% Checking"; echo " 10% again"; echo 100% done'];
  await install(installer({ dir, command, onProgress: (progress) => heard.push(progress) }), one);
  expect(heard).toEqual([
    { percent: 10, line: '10% Checking' },
    { percent: 100, line: '100% done' },
  ]);
});

it.each<Partial<InstallerOptions>>([
  { command: [] },
  { command: [''] },
  { command: 'rauc install {file}' as never },
  { confirm: [] },
  { giveUp: [1] as never },
  { timeoutMs: 0 },
  { timeoutMs: 2 ** 31 },
])('is not made with %j', (wrong) => expect(() => installer({ dir, command: ['true'], ...wrong })).toThrow(RangeError));
