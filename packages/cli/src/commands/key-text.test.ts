/** The text of a key where a file is to be named, as a slip in the script of a CI gives it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';
import { makeSecretKey, sealed } from '../trust/secret-key.ts';

let desk: Desk;
let open: string;
let locked: string;
beforeEach(async () => {
  desk = await makeDesk();
  await desk.file('app.bin', 'image');
  await desk.json('keys', 'new', '--project', 'tracker', '--no-passphrase');
  await desk.fota(['project', 'create', 'tracker', '--data', 'data']);
  open = await readFile(join(desk.dir, 'tracker-release.key'), 'utf8');
  locked = await sealed(makeSecretKey(), 'x', 'geheim', { cost: { operations: 32_768n, memory: 1_048_576n } });
});
afterEach(() => desk.clear());

const NAMES = ['--project', 'tracker', '--firmware', 'f', '--version', '1.0.0'];

describe('the text of a key in place of a file', () => {
  it.each<[string, (key: string) => readonly string[]]>([
    ['sign --key', (key) => ['sign', 'app.bin', ...NAMES, '--key', key]],
    ['sign --key=', (key) => ['sign', 'app.bin', ...NAMES, `--key=${key}`]],
    ['sign', (key) => ['sign', key, ...NAMES, '--key', 'tracker-release.key']],
    ['sign --out', (key) => ['sign', 'app.bin', ...NAMES, '--key', 'tracker-release.key', '--out', key]],
    ['verify --key', (key) => ['verify', 'app.bin', '--key', key]],
    ['verify --ring', (key) => ['verify', 'app.bin', '--ring', key]],
    ['publish --key', (key) => ['publish', 'app.bin', ...NAMES, '--data', 'data', '--key', key]],
    ['publish', (key) => ['publish', key, ...NAMES, '--data', 'data']],
    ['keys show', (key) => ['keys', 'show', key]],
    ['keys rotate --ring-key', (key) => ['keys', 'rotate', 'tracker.ring', '--new-release', 'n', '--ring-key', key]],
    ['keys rotate --add-release', (key) => ['keys', 'rotate', 'tracker.ring', '--add-release', key]],
    ['keys rotate --new-release', (key) => ['keys', 'rotate', 'tracker.ring', '--new-release', key]],
    ['project trust', (key) => ['project', 'trust', 'tracker', key, '--data', 'data']],
    ['inspect', (key) => ['inspect', key]],
    ['no command at all', (key) => [key]],
  ])('is refused by fota %s, and nothing of it is shown', async (_, argsWith) => {
    for (const file of [open, locked]) {
      const [, line = ''] = file.split('\n');
      for (const given of [file, line, file.replaceAll('\n', '\r\n'), `${line}\n`]) {
        for (const more of [[], ['--json']]) {
          const { code, stdout, stderr } = await desk.fota([...argsWith(given), ...more]);
          expect(code).toBe(2);
          expect(stdout + stderr).toContain('this is a key, not a file');
          expect(stdout + stderr).toContain('say --key -');
          expect(stdout + stderr).not.toMatch(/RW[QR]|untrusted/);
          expect(stdout + stderr).not.toContain(line.slice(60, 80));
        }
      }
    }
  });

  it('is refused, too, where a shell has split it, or it is cut off', async () => {
    const words = open.trim().split(/\s/);
    const [, line = ''] = open.split('\n');
    for (const args of [words, [line.slice(0, 100)], [Buffer.from(open).toString('base64')]]) {
      const { stdout, stderr } = await desk.fota(['sign', 'app.bin', ...NAMES, '--key', ...args]);
      expect(stdout + stderr).not.toContain(args.at(-1)?.slice(-60));
    }
  });

  it('ends with the code of wrong use that fota upgrade has', async () => {
    expect((await desk.fota(['upgrade', 'http://127.0.0.1:1/', '--trust', open])).code).toBe(64);
  });

  it('is no hindrance to the line of a public key', async () => {
    const [, line = ''] = (await readFile(join(desk.dir, 'tracker-release.pub'), 'utf8')).split('\n');
    await desk.json('sign', 'app.bin', ...NAMES, '--key', 'tracker-release.key');
    expect((await desk.fota(['verify', 'app.bin', '--key', line])).code).toBe(0);
  });
});
