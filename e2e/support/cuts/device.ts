/** A device in two slots on a disk in memory, the server that it asks, and the launcher that starts it. */
import { formatKeyRing, formatLinks, type KeyRing } from '@libfota2/protocol';
import { fakeWorld, makeSigner, type PowerDisk, type Script, type Signer } from '@libfota2/testkit';
import { createCore, type Outcome, type Progress, type UpgradeOptions } from 'libfota2/core';
import { type ApplicationSlots, formatBootRecord, newestOf, type Slot, started } from 'libfota2/slots';
import { type Files, HOME, type Kind, type Packed } from './kinds.ts';

const [oldSigner, newSigner, ringSigner] = [makeSigner(1), makeSigner(4), makeSigner(2)] as const;
const ring = (serial: number, signers: readonly Signer[]): KeyRing => ({
  project: 'gateway',
  serial,
  releaseKeys: signers.map(({ publicKey }) => publicKey),
  ringKeys: [ringSigner.publicKey],
});
export const TRUST = formatKeyRing(ring(1, [oldSigner]));
const LINKS = formatLinks([ringSigner.link(ring(2, [newSigner]))]);

/** A version of the application, signed. */
export interface Release extends Packed {
  readonly version: string;
  readonly signature: string;
  /** Brings the second ring, whose key signed it. */
  readonly rotates: boolean;
  readonly pieceBytes: number;
}

export interface ReleaseWish {
  readonly minimumVersion?: string;
  readonly downgradeFrom?: string;
  /** Signed by the key of the second ring. */
  readonly rotates?: boolean;
}

export async function release(kind: Kind, version: string, wish: ReleaseWish = {}): Promise<Release> {
  const { rotates = false, ...manifest } = wish;
  const packed = await kind.pack(version);
  const signer = rotates ? newSigner : oldSigner;
  const signature = signer.release(packed.image, { version, ...manifest });
  return { ...packed, version, rotates, signature, pieceBytes: kind.pieceBytes };
}

/** What a server says that offers this. */
export function serverOf({ version, image, signature, rotates, pieceBytes }: Release): Script {
  return ({ headers: asked }) => {
    const etag = `"${version}"`;
    const common = {
      etag,
      'fota-signature': Buffer.from(signature).toString('base64'),
      ...(rotates && asked['fota-key-ring'] === '1' ? { 'fota-key-ring': LINKS } : {}),
    };
    if (asked['if-none-match'] === etag) return { status: 304, headers: common };
    const from = asked['if-range'] === etag ? Number(/^bytes=(\d+)-$/.exec(asked['range'] ?? '')?.[1] ?? 0) : 0;
    const body = image.subarray(from);
    if (from === 0) return { body, headers: common, pieceBytes };
    const range = `bytes ${from}-${image.length - 1}/${image.length}`;
    return { status: 206, body, headers: { ...common, 'content-range': range }, pieceBytes };
  };
}

/** The application as it runs: it knows its version, and its slots. */
export interface Device {
  readonly slots: ApplicationSlots;
  upgrade(to: Release, options?: UpgradeOptions): Promise<Outcome>;
}

/** Where a device lives. */
export interface Ground {
  readonly kind: Kind;
  readonly disk: PowerDisk;
  /** Of the disk, perhaps with faults. */
  readonly files: Files;
}

/** @param running what runs; `undefined` where it is a first installer */
export function deviceOn({ kind, disk, files }: Ground, running: Release | undefined): Device {
  const version = running?.version;
  const slot = (['a', 'b'] as const).find((one) => running && kind.holds(disk.tree, one, running.content));
  const slots = kind.slots(files, slot);
  return {
    slots,
    upgrade(to, options) {
      let nowMs = 0;
      // Every other piece is marked.
      const clock = {
        monotonicMs: () => {
          nowMs += 400;
          return nowMs;
        },
        uptimeMs: () => nowMs,
        wallMs: () => Date.UTC(2026, 0, 1),
        nextLocalTime: () => Number.NaN,
        // Pauses are over at once, and deadlines never come.
        after(ms: number, work: () => void) {
          const soon = ms < 60_000 ? setImmediate(work) : undefined;
          return { cancel: () => clearImmediate(soon) };
        },
      };
      const world = { ...fakeWorld(serverOf(to)), clock, place: () => slots };
      const settings = { trust: TRUST, version: version ?? '0.0.1' };
      return createCore(world, settings).upgrade({ url: 'http://h/up', firmwareName: 'gateway', ...options });
    },
  };
}

/** An upgrade that is cut off at half. */
export async function interrupted(device: Device, to: Release): Promise<void> {
  const stop = new AbortController();
  const half = new Error('half of it');
  const onProgress = ({ bytes }: Progress): void => {
    if (bytes >= to.image.length / 2) stop.abort(half);
  };
  const end = await device.upgrade(to, { signal: stop.signal, onProgress }).catch((error: unknown) => error);
  if (end !== half) throw end;
}

const COPIES = [`${HOME}/boot.0`, `${HOME}/boot.1`] as const;
const BUSY = `${HOME}/boot.busy`;

/**
 * What launch.sh does at a start, call by call; `cuts.test.ts` holds it against the script. A copy that cannot be read is none, and
 * what cannot be counted is not tried. Only its sign for `confirm` never fails to go: that would be waited for. The slot that is started.
 */
export async function launchOn(disk: PowerDisk, files: Files = disk.files): Promise<Slot | undefined> {
  const run = await choose(disk, files);
  if (run === undefined) return undefined;
  await point(files, run).catch(() => undefined);
  await disk.files.rm(BUSY, { force: true });
  return run;
}

async function look(files: Files): Promise<ReturnType<typeof newestOf>> {
  const read = (path: string): Promise<string | undefined> => files.readFile(path, 'latin1').catch(() => undefined);
  return newestOf([await read(COPIES[0]), await read(COPIES[1])]);
}

async function choose(disk: PowerDisk, files: Files): Promise<Slot | undefined> {
  const { record: first } = await look(files);
  if (first?.back === undefined) return first?.run;
  await put(files, BUSY, 'w', '').catch(() => undefined);
  const { record = first, next } = await look(files);
  if (record.back === undefined) return record.run;
  const after = started(record);
  if (await note(disk, files, COPIES[next], formatBootRecord(after))) return after.run;
  const { record: now = record } = await look(files);
  return now.back ?? now.run;
}

/** Whether it could be written, and read again. */
async function note(disk: PowerDisk, files: Files, path: string, text: string): Promise<boolean> {
  const end = text.lastIndexOf('end ');
  await put(files, path, 'w', text.slice(0, end))
    .then(() => put(files, path, 'a', text.slice(end)))
    .catch(() => undefined);
  await syncAll(files, [path, HOME]).catch(() => disk.sync());
  const { record } = await look(files);
  return record !== undefined && formatBootRecord(record) === text;
}

async function put(files: Files, path: string, flags: string, text: string): Promise<void> {
  const file = await files.open(path, flags);
  await file.writeFile(text).finally(() => file.close());
}

async function syncAll(files: Files, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const file = await files.open(path, 'r');
    await file.sync().finally(() => file.close());
  }
}

/** Lets `current` lead to what is started. */
async function point(files: Files, slot: Slot): Promise<void> {
  await files.rm(`${HOME}/current.new`, { force: true });
  await files.symlink(`slots/${slot}`, `${HOME}/current.new`);
  await files.rename(`${HOME}/current.new`, `${HOME}/current`);
}
