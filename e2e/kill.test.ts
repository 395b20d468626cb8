import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatKeyRing, formatLinks, type KeyRing } from '@libfota2/protocol';
import { makeImage, makeSigner, sha256Hex } from '@libfota2/testkit';
import type { Outcome, Settings } from 'libfota2';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { proof } from './support/proof.ts';
import { randomNumbers } from './support/server-kill.ts';

const prove = process.env['PROVE'] !== undefined;
const KILLS = prove ? 50 : 4;
const SEED = prove ? Date.now() % 2 ** 32 : 1;
const IMAGE_SEED = 11;
/** Long enough for two marks, which are made every 16 MiB. */
const BYTES = 40 * 1024 ** 2;
const PATIENT_MS = 60_000;

const image = makeImage(IMAGE_SEED, BYTES);
const old = makeImage(12, 90_000);

const [signer, ringSigner] = [makeSigner(1), makeSigner(2)];
const ringOf = (serial: number): KeyRing => ({
  project: 'gateway',
  serial,
  releaseKeys: [signer.publicKey],
  ringKeys: [ringSigner.publicKey],
});
/** What every answer carries; whoever has no key ring passes it over. */
const SIGNED = {
  'Fota-Signature': Buffer.from(signer.release(image, { minimumVersion: '1.5.0' })).toString('base64'),
  'Fota-Key-Ring': formatLinks([ringSigner.link(ringOf(2))]),
};

type Word = Readonly<Record<string, unknown>>;

/** A child of ours with all it said so far, in order. */
interface Told {
  readonly child: ChildProcess;
  readonly said: Word[];
  /** The first word with this key after the first `from` words; rejects when the child ends without it. */
  word(key: string, from?: number, fits?: (value: number) => boolean): Promise<Word>;
  /** Resolves once this holds of all it said; rejects when the child ends before. */
  until(holds: (said: readonly Word[]) => boolean): Promise<void>;
  /** Ends it at once, as a power cut would, and waits until it is gone. */
  kill(): Promise<void>;
}

const children = new Set<Told>();
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'libfota2 kill '));
  await writeFile(join(dir, 'update.bin'), old);
});

afterEach(async () => {
  for (const told of children) await told.kill();
  await rm(dir, { recursive: true });
});

function start(script: string, ...args: readonly (string | number)[]): Told {
  const path = fileURLToPath(new URL(`fixtures/${script}`, import.meta.url));
  const child = fork(path, args.map(String), { execArgv: [] });
  const said: Word[] = [];
  const gone = once(child, 'exit');
  const heard = new EventEmitter();
  child.on('message', (word: Word) => {
    said.push(word);
    heard.emit('word');
  });
  child.on('disconnect', () => heard.emit('word'));
  const until: Told['until'] = async (holds) => {
    while (!holds(said)) {
      // The last words may come after the exit, but never after the channel closed.
      if (!child.connected) throw new Error(`${script} ended too soon; it said ${JSON.stringify(said.at(-1))}`);
      await once(heard, 'word');
    }
  };
  const told: Told = {
    child,
    said,
    until,
    word: async (key, from = 0, fits = () => true) => {
      let found: Word | undefined;
      await until(() => {
        found ??= said.slice(from).find((word) => key in word && fits(Number(word[key])));
        return found !== undefined;
      });
      return found ?? {};
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
      children.delete(told);
    },
  };
  children.add(told);
  return told;
}

async function startServer(port = 0): Promise<{ readonly server: Told; readonly port: number; readonly url: string }> {
  const server = start('server.mjs', port, IMAGE_SEED, BYTES, JSON.stringify(SIGNED));
  const listening = Number((await server.word('port'))['port']);
  return { server, port: listening, url: `http://127.0.0.1:${listening}/firmware.bin` };
}

async function hold(server: Told, at: number | undefined): Promise<void> {
  const from = server.said.length;
  server.child.send({ hold: at });
  await server.word('holding', from);
}

/** Of the device: how it is configured. */
let settings: Settings = {};

function startDevice(url: string, timeoutMs = PATIENT_MS): Told {
  return start('device.mjs', url, dir, timeoutMs, JSON.stringify(settings));
}

async function outcomeOf(device: Told): Promise<Outcome> {
  const { outcome } = await device.word('outcome');
  return outcome as Outcome;
}

async function whatLies(): Promise<'old' | 'new' | 'something else'> {
  const found = await readFile(join(dir, 'update.bin'));
  return found.equals(old) ? 'old' : found.equals(image) ? 'new' : 'something else';
}

const parts = async (): Promise<string[]> => (await readdir(dir)).filter((name) => name.endsWith('.part'));

it('ends with 3 and the old file when the server is killed in mid-download and stays away', async () => {
  const { server, url } = await startServer();
  await hold(server, BYTES / 2);
  const device = startDevice(url, 3_000);
  await device.word('progress', 0, (bytes) => bytes >= BYTES / 2);
  await server.kill();
  expect(await outcomeOf(device)).toMatchObject({ result: 3, code: 'connection-lost' });
  expect(await whatLies()).toBe('old');
});

it('ends with 0 and the right bytes when the killed server is back within the deadline', async () => {
  const { server, port, url } = await startServer();
  await hold(server, BYTES / 2);
  const device = startDevice(url);
  await device.word('progress', 0, (bytes) => bytes >= BYTES / 2);
  await server.kill();
  const { server: next } = await startServer(port);
  expect(await outcomeOf(device)).toMatchObject({ result: 0, sha256: sha256Hex(image) });
  expect(await next.word('ask'), 'only the rest is sent again').toEqual({ ask: BYTES / 2 });
  expect(await whatLies()).toBe('new');
});

const tally = { kills: 0, resumed: 0, fromStart: 0, afterTheEnd: 0 };

/** What a device is killed at: so many bytes of progress, or so many files that came, went or were renamed. */
type Moment = { readonly bytes: number } | { readonly changes: number };

/** The part is made, twice a note is made and renamed over the last, the image is renamed, its note is: 12 changes. */
const CHANGES = 12;
/** Ring, time and floor are learned one after the other, in two copies each: both are made and renamed. */
const SIGNED_CHANGES = CHANGES + 18;

function randomMoment(random: () => number): Moment {
  const changes = settings.trust === undefined ? CHANGES : SIGNED_CHANGES;
  return random() < 0.3 ? { changes: 1 + Math.floor(random() * changes) } : { bytes: Math.floor(random() * BYTES) };
}

/** Whether a copy of what the device has learned says that it took the image: the image never shows before. */
async function isFloorKept(): Promise<boolean> {
  const copies = [0, 1].map((copy) => readFile(join(dir, `update.bin.trust.${copy}`), 'utf8').catch(() => ''));
  return (await Promise.all(copies)).some((copy) => copy.includes('"floor":"1.5.0"'));
}

/** Starts a device and kills it at the moment, or when it ends before. */
async function killAt(moment: Moment, server: Told, url: string): Promise<void> {
  // Held before its last byte, a download cannot outrun the kill.
  await hold(server, 'bytes' in moment ? BYTES - 1 : undefined);
  let changes = 0;
  let onChange = (): void => undefined;
  const changed = new Promise<void>((resolve) => {
    onChange = resolve;
  });
  const watcher = watch(dir, (event) => {
    changes += event === 'rename' ? 1 : 0;
    if ('changes' in moment && changes >= moment.changes) onChange();
  });
  const device = startDevice(url);
  const reached = 'bytes' in moment ? device.word('progress', 0, (bytes) => bytes >= moment.bytes) : changed;
  await Promise.race([reached, device.word('outcome')]).catch(() => undefined);
  await device.kill();
  watcher.close();
  // Every request is over, so that no late word of this one is taken for one of the next.
  await server.until((said) => count(said, 'ask') === count(said, 'sent'));
}

const count = (said: readonly Word[], key: string): number => said.filter((word) => key in word).length;

/** Kills devices that go on where the last one was killed, one to three of them, and lets another one end. */
async function killSome(most: number, random: () => number, server: Told, url: string): Promise<void> {
  const times = Math.min(most, 1 + Math.floor(random() * 3));
  const story: Moment[] = [];
  let isMarked = false;
  while (story.length < times && (await whatLies()) === 'old') {
    const moment = randomMoment(random);
    story.push(moment);
    await killAt(moment, server, url);
    tally.kills += 1;
    expect(await whatLies(), JSON.stringify(story)).toMatch('bytes' in moment ? /^old$/ : /^(old|new)$/);
    // The image, the part that it goes on from until the copy is noted, and a note that is being written; of a signed one, what each
    // kill left of a copy.
    const left = settings.trust === undefined ? Math.min(2, story.length) : story.length;
    expect((await parts()).length, JSON.stringify(story)).toBeLessThanOrEqual(
      left + 1 + (settings.trust === undefined ? 0 : 1),
    );
    if (settings.trust !== undefined && (await whatLies()) === 'new') expect(await isFloorKept()).toBe(true);
    isMarked = (await readdir(dir)).includes('update.bin.notes');
  }

  await hold(server, undefined);
  const isNew = (await whatLies()) === 'new';
  const from = server.said.length;
  const device = startDevice(url);
  const outcome = await outcomeOf(device);
  const { sent } = await server.word('sent', from);
  expect(await whatLies()).toBe('new');
  expect(await parts(), 'nothing is left over').toEqual([]);
  if (isNew) {
    // Killed after the image was in its place: with the note of it the server has nothing newer, without it sends again.
    expect(outcome).toMatchObject(sent === 0 ? { code: 'no-upgrade', reason: 'not-modified' } : { result: 0 });
    tally.afterTheEnd += 1;
    return;
  }
  expect(outcome).toMatchObject({ kind: 'downloaded', result: 0, sha256: sha256Hex(image), size: BYTES });
  const resumedFrom = outcome.kind === 'downloaded' ? outcome.resumedFrom : Number.NaN;
  expect(resumedFrom > 0, `killed at ${JSON.stringify(story)}`).toBe(isMarked);
  expect(sent, 'the server sends only the rest').toBe(BYTES - resumedFrom);
  tally[resumedFrom > 0 ? 'resumed' : 'fromStart'] += 1;
}

it.each([
  ['', {}],
  [' with a key ring', { trust: formatKeyRing(ringOf(1)), version: '1.0.0', project: 'gateway' }],
])(
  `resumes and ends right after ${KILLS} kills of the device%s at random moments`,
  {
    timeout: KILLS * 20_000,
  },
  async (_how, given) => {
    settings = given;
    const before = tally.kills;
    const random = randomNumbers(SEED);
    const { server, url } = await startServer();
    while (tally.kills < before + KILLS) {
      await rm(dir, { recursive: true });
      dir = await mkdtemp(join(tmpdir(), 'libfota2 kill '));
      await writeFile(join(dir, 'update.bin'), old);
      await killSome(before + KILLS - tally.kills, random, server, url);
    }
    expect(tally.kills).toBe(before + KILLS);
    expect(tally.resumed).toBeGreaterThan(0);
  },
);

afterAll(() => {
  const { kills, resumed, fromStart, afterTheEnd } = tally;
  proof(
    `${kills} devices killed (seed ${SEED}): the next run resumed ${resumed} ×, began again before any mark ` +
      `${fromStart} ×, found the image in its place ${afterTheEnd} ×; the others were killed again while they resumed`,
  );
});
