import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatKeyRing, formatLinks, type KeyRing } from '@libfota2/protocol';
import { failingFiles, makeImage, makeSigner } from '@libfota2/testkit';
import { createFota, type Outcome, type Settings, updateFile } from 'libfota2';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { privateMounts } from './support/private-mounts.ts';
import { proof } from './support/proof.ts';

/** `npm test` lets every fifth call fail, other ones for each way of failing; `npm run prove` every one. */
const STEP = process.env['PROVE'] === undefined ? 5 : 1;
const image = makeImage(21, 512 * 1024);
const old = makeImage(22, 90_000);
const ETAG = '"21"';

const [signer, ringSigner] = [makeSigner(1), makeSigner(2)];
const ringOf = (serial: number): KeyRing => ({
  project: 'gateway',
  serial,
  releaseKeys: [signer.publicKey],
  ringKeys: [ringSigner.publicKey],
});
const trusting: Settings = { trust: formatKeyRing(ringOf(1)), version: '1.0.0', project: 'gateway' };
/** What every answer brings; whoever has no key ring passes it over. */
const signed = {
  'Fota-Signature': Buffer.from(signer.release(image, { minimumVersion: '1.5.0' })).toString('base64'),
  'Fota-Key-Ring': formatLinks([ringSigner.link(ringOf(2))]),
};

let server: Server;
let url: string;
/** The folder of this test; the target's `dir` lies in it. */
let home: string;
let dir: string;

/** `/sized` tells its length and knows ranges, `/chunked` tells nothing beforehand. */
beforeAll(async () => {
  server = createServer((request, response) => {
    const isSized = request.url?.startsWith('/sized') ?? false;
    const asked =
      request.headers['if-range'] === ETAG ? /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] : undefined;
    const first = Number(asked ?? 0);
    const rest = first === 0 ? {} : { 'content-range': `bytes ${first}-${image.length - 1}/${image.length}` };
    const length = isSized ? { 'content-length': image.length - first, etag: ETAG } : {};
    response.writeHead(first === 0 ? 200 : 206, { ...length, ...rest, ...signed }).end(image.subarray(first));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => void server.close());

beforeEach(async () => {
  home = await fs.mkdtemp(join(tmpdir(), 'libfota2 disk '));
  dir = join(home, 'device');
  await fs.mkdir(dir);
  await fs.writeFile(join(dir, 'update.bin'), old);
});

afterEach(() => fs.rm(home, { recursive: true }));

async function whatLies(folder = dir): Promise<'nothing' | 'old' | 'new' | 'something else'> {
  const found = await fs.readFile(join(folder, 'update.bin')).catch(() => undefined);
  if (found === undefined) return 'nothing';
  return found.equals(old) ? 'old' : found.equals(image) ? 'new' : 'something else';
}

const parts = async (folder = dir): Promise<string[]> =>
  (await fs.readdir(folder)).filter((name) => name.endsWith('.part'));

const upgrade = (folder = dir, settings: Settings = {}): Promise<Outcome> =>
  createFota({ ...settings, dir: folder }).upgrade({ url: `${url}sized` });

describe('a folder', () => {
  it('that is missing is made', async () => {
    const missing = join(home, 'not', 'yet there');
    expect(await upgrade(missing)).toMatchObject({ result: 0 });
    expect(await whatLies(missing)).toBe('new');
  });

  it('that is a file is a failed write', async () => {
    const file = join(home, 'file');
    await fs.writeFile(file, 'a file');
    expect(await upgrade(file)).toMatchObject({ result: 4, code: 'write-failed', phase: 'store' });
    expect(await fs.readFile(file, 'utf8')).toBe('a file');
  });

  it('with a folder in place of update.bin is a failed write, told before the download', async () => {
    await fs.rm(join(dir, 'update.bin'));
    await fs.mkdir(join(dir, 'update.bin'));
    expect(await upgrade()).toMatchObject({ result: 4, code: 'write-failed', bytes: 0 });
    expect(await fs.readdir(dir)).toEqual(['update.bin']);
  });

  for (const [what, notes] of [
    ['garbage', makeImage(23, 4_000)],
    ['nothing', ''],
    ['JSON of somebody else', '{"suspended":{"token":"../../etc/passwd","bytes":1}}'],
  ] as const) {
    it(`with ${what} in its notes is upgraded as if it had none`, async () => {
      await fs.writeFile(join(dir, 'update.bin.notes'), notes);
      expect(await upgrade()).toMatchObject({ result: 0, resumedFrom: 0 });
      expect(await whatLies()).toBe('new');
    });
  }

  it('with notes that cannot be read is none the worse for it', async () => {
    await fs.mkdir(join(dir, 'update.bin.notes'));
    const { result, code } = await upgrade();
    expect({ result, code, lies: await whatLies() }).toEqual({ result: 0, code: 'downloaded', lies: 'new' });
  });
});

const mounts = privateMounts();

describe.skipIf(mounts === undefined)('a file system of its own', () => {
  /** Upgrades a device whose folder is a tmpfs of this size; leaves a copy of that folder in `home/after`. */
  async function upgradeOn(size: string, path: string, before = ''): Promise<Outcome> {
    const after = join(home, 'after');
    await fs.mkdir(after);
    const script = `set -e
      old=$(mktemp) && cp "$1/update.bin" "$old"
      mount -t tmpfs -o size=${size} tmpfs "$1" && cp "$old" "$1/update.bin" && rm "$old"
      ${before}
      "$2" "$3" "$4" "$1" 20000
      cp -a "$1/." "$5"`;
    const device = fileURLToPath(new URL('fixtures/device.mjs', import.meta.url));
    const [program = '', ...args] = mounts ?? [];
    const child = spawn(
      program,
      [...args, 'sh', '-c', script, 'sh', dir, process.execPath, device, url + path, after],
      {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    );
    let outcome: Outcome | undefined;
    child.on('message', (word: { readonly outcome?: Outcome }) => {
      outcome ??= word.outcome;
    });
    const [status] = (await once(child, 'close')) as [number];
    if (outcome === undefined || status !== 0) throw new Error(`the device said nothing and ended with ${status}`);
    return outcome;
  }

  const after = async (): Promise<{ readonly lies: string; readonly parts: readonly string[] }> => ({
    lies: await whatLies(join(home, 'after')),
    parts: await parts(join(home, 'after')),
  });

  it('other than that of the temporary folder is upgraded', async () => {
    expect(await upgradeOn('16m', 'sized')).toMatchObject({ result: 0 });
    expect(await after()).toEqual({ lies: 'new', parts: [] });
  });

  it('that is too small is told to be full before the download', async () => {
    expect(await upgradeOn('256k', 'sized')).toMatchObject({ result: 4, code: 'disk-full', bytes: 0 });
    expect(await after()).toEqual({ lies: 'old', parts: [] });
  });

  it('that fills up in mid-download keeps the old file and gets its space back', async () => {
    const outcome = await upgradeOn('256k', 'chunked');
    expect(outcome).toMatchObject({ result: 4, code: 'disk-full', phase: 'store' });
    expect(outcome.bytes).toBeGreaterThan(0);
    expect(await after()).toEqual({ lies: 'old', parts: [] });
  });

  it('that is read-only keeps the old file', async () => {
    const outcome = await upgradeOn('16m', 'sized', 'mount -o remount,bind,ro "$1"');
    expect(outcome).toMatchObject({ result: 4, code: 'write-failed', phase: 'store' });
    expect(await after()).toEqual({ lies: 'old', parts: [] });
  });
});

/** Leaves half of the image and a note of it, as an aborted call does. */
async function leaveHalf(settings: Settings = {}): Promise<void> {
  const stop = new AbortController();
  const onProgress = ({ bytes }: { readonly bytes: number }): void => {
    if (bytes >= image.length / 2) stop.abort(new Error('that is enough'));
  };
  const half = createFota({ ...settings, dir }).upgrade({ url: `${url}sized`, signal: stop.signal, onProgress });
  await expect(half).rejects.toThrow('that is enough');
}

/** How a call fails, and whether all that follow it do so too. */
const WAYS = [
  ['ENOSPC', false],
  ['ENOSPC', true],
  ['EIO', false],
  ['EIO', true],
] as const;

describe('each call of the file system in turn may fail', () => {
  const tally = { failures: 0, kept: 0, brought: 0 };
  const kept = async (): Promise<string> => {
    const copies = ['update.bin.trust.0', 'update.bin.trust.1'].map((name) => fs.readFile(join(dir, name), 'utf8'));
    return (await Promise.allSettled(copies)).map((copy) => (copy.status === 'fulfilled' ? copy.value : '')).join('\n');
  };

  /** Fails the call; false once the library makes no such call any more. */
  async function fail(at: number, code: string, forGood: boolean, settings: Settings): Promise<boolean> {
    const { files, calls } = failingFiles(fs, { call: at, code, forGood });
    const fota = createFota({ ...settings, ...updateFile(dir, files) });
    const { result, code: told, message } = await fota.upgrade({ url: `${url}sized` });
    const story = `call ${at} failed with ${code}${forGood ? ' for good' : ''}: ${message}`;
    expect(await whatLies(), story).toBe(result === 0 ? 'new' : 'old');
    // The image never shows without its floor.
    if (result === 0 && settings.trust !== undefined) expect(await kept(), story).toContain('"floor":"1.5.0"');
    if (result !== 0) expect(told, story).toBe(code === 'ENOSPC' ? 'disk-full' : 'write-failed');
    if (calls() < at) return false;
    tally.failures += 1;
    tally[result === 0 ? 'brought' : 'kept'] += 1;

    // Whatever was left behind: a healthy disk gets the image, and nothing lies about.
    const next = await upgrade(dir, settings);
    expect([0, 4], story).toContain(next.result);
    expect(await whatLies(), `${story}; then ${next.message}`).toBe('new');
    // What even the removal failed for is cleared away once this process has ended: until then it might be in use.
    if (!forGood && next.result === 0) expect(await parts(), story).toEqual([]);
    expect((await parts()).length, story).toBeLessThanOrEqual(2);
    return true;
  }

  for (const [how, prepare, settings] of [
    ['an upgrade from the start', async () => undefined, {}],
    ['an upgrade that goes on', () => leaveHalf(), {}],
    ['a signed upgrade from the start', async () => undefined, trusting],
    ['a signed upgrade that goes on', () => leaveHalf(trusting), trusting],
  ] as const) {
    for (const [way, [code, forGood]] of WAYS.entries()) {
      it(`in ${how}, with ${code}${forGood ? ', for good' : ''}`, async () => {
        for (let at = 1 + (way % STEP), more = true; more; at += STEP) {
          await fs.rm(dir, { recursive: true });
          await fs.mkdir(dir);
          await fs.writeFile(join(dir, 'update.bin'), old);
          await prepare();
          more = await fail(at, code, forGood, settings);
        }
      });
    }
  }

  afterAll(() => {
    const { failures, kept, brought } = tally;
    proof(
      `${failures} calls of the file system failed one by one: ${kept} × the old file was kept, ${brought} × the new one brought`,
    );
  });
});
