import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { install, pack } from './support/packed.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const run = promisify(execFile);

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'fota demo '));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

interface Demo {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  screen(): string;
  complaints(): string;
  /** Resolves as soon as the screen says so; rejects when the demo ends before. */
  says(text: string): Promise<string>;
  readonly code: Promise<number | null>;
}

/** `npm start` without npm: the same script, whose output is a pipe. */
function start(...args: readonly string[]): Demo {
  const child = spawn(process.execPath, [join(root, 'scripts', 'start.mjs'), ...args], { cwd: root });
  onTestFinished(() => void child.kill('SIGKILL'));
  let screen = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const code = once(child, 'close').then(([number]) => number as number | null);
  const says = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const look = (): void => {
        if (screen.includes(text)) resolve(screen);
      };
      child.stdout.on('data', look);
      child.once('close', () => reject(new Error(`ended without "${text}":\n${screen}${complaints}`)));
      look();
    });
  return { child, screen: () => screen, complaints: () => complaints, says, code };
}

/** A demo on a folder and a port of its own that stays up. */
async function staying(data: string): Promise<Demo & { readonly url: string }> {
  const demo = start('--data', data, '--port', '0');
  const screen = await demo.says('Ctrl-C');
  return { ...demo, url: /http:\/\/127\.0\.0\.1:\d+/.exec(screen)?.[0] ?? '' };
}

describe('npm start', () => {
  it('shows a device that upgrades itself, in plain text where there is no terminal', async () => {
    const demo = start('--once', '--port', '0', '--data', await folder());
    expect(await demo.code).toBe(0);
    const screen = demo.screen();
    const story = [
      'device    1.0.0',
      '100 %',
      'result    0  success',
      'restart',
      'device    1.1.0',
      'result    4  no upgrade',
    ];
    expect(story.map((text) => screen.indexOf(text))).toEqual(
      story.map((text) => screen.indexOf(text)).toSorted((a, b) => a - b),
    );
    for (const text of story) expect(screen).toContain(text);
    expect(screen).toContain('newest');
    expect(screen).not.toContain('\u001b');
  });

  it('stays up, and the lines on its screen connect a device', async () => {
    const data = await folder();
    const { screen, says, url } = await staying(data);
    const newest = await readFile(join(data, 'device', 'app.mjs'));
    const lines = screen();
    const curl = /curl -fo update\.bin "([^"]+)"/.exec(lines)?.[1] ?? '';
    expect(Buffer.from(await (await fetch(curl)).arrayBuffer()).equals(newest)).toBe(true);
    await says('my-device on 1.0.0 is sent 1.1.0');

    // The tarball where the screen says that `npm pack` puts it, but for the folder: a test leaves the clone as it is.
    const place = await folder();
    const { tarball } = await pack(await folder());
    const [, shown] = /npm pack --workspace libfota2\n +npm install "([^"]+)"/.exec(lines) ?? [];
    expect(shown).toBe(join(root, basename(tarball)));
    await install(tarball, place);
    const typescript = / {2}TypeScript\n([\s\S]+?\}\);\n)/.exec(lines)?.[1] ?? '';
    const connect = () => run(process.execPath, ['--input-type=module', '-e', typescript], { cwd: place });
    expect((await connect()).stdout).toMatch(/^0 /);
    expect((await readFile(join(place, 'update.bin'))).equals(newest)).toBe(true);
    // Asked again, the server has nothing to send, and the log says so.
    expect((await connect()).stdout).toMatch(/^4 .*304/);
    await says('my-device on 1.0.0 has 1.1.0 already');

    // LuatOS of today puts its parameters right behind the URL (luatos.md L11).
    const lua = /url = "([^"]+)"/.exec(lines)?.[1] ?? '';
    expect(lua.startsWith(url)).toBe(true);
    expect((await fetch(lua + curl.slice(curl.indexOf('?') + 1))).status).toBe(200);
  });

  it('refuses a folder and a port that are in use, and destroys nothing', async () => {
    const data = await folder();
    const { url } = await staying(data);
    const second = start('--data', data, '--port', '0');
    expect(await second.code).toBe(1);
    expect(second.complaints()).toContain(`in use by the server at ${url} (process `);
    const third = start('--data', await folder(), '--port', new URL(url).port);
    expect(await third.code).toBe(1);
    expect(third.complaints()).toContain('--port N');
    expect((await fetch(`${url}/upgrade`)).status).toBe(400);
  });

  it('ends at a signal with a goodbye, and tells the whole story again on the same folder', async () => {
    const data = await folder();
    const first = await staying(data);
    first.child.kill('SIGTERM');
    expect(await first.code).toBe(0);
    expect(first.screen()).toContain('Goodbye');
    const second = await staying(data);
    expect(second.screen()).toContain('result    0  success');
    second.child.kill('SIGINT');
    expect(await second.code).toBe(0);
  });

  it('ends its device with it when it is stopped in the middle', async () => {
    const demo = start('--data', await folder(), '--port', '0');
    await demo.says('device    1.0.0');
    demo.child.kill('SIGINT');
    expect(await demo.code).toBe(0);
    expect(demo.screen()).toContain('Goodbye');
    expect(demo.complaints()).toBe('');
  });

  it('ends quietly when nobody reads its output any more', async () => {
    const demo = start('--data', await folder(), '--port', '0');
    await demo.says('server');
    demo.child.stdout?.destroy();
    expect(await demo.code).toBe(0);
    expect(demo.complaints()).toBe('');
  });

  it('teaches, and refuses options that it does not know', async () => {
    const help = start('--help');
    expect(await help.code).toBe(0);
    expect(help.screen()).toContain('--data DIR');
    for (const args of [['--colour'], ['extra'], ['--port', 'x'], ['--port', '70000'], ['--data']]) {
      const wrong = start(...args);
      expect(await wrong.code).toBe(2);
      expect(wrong.complaints()).toContain('--help');
    }
  });
});
