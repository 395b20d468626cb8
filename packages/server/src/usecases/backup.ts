import { type BackupFile, type BackupManifest, DATABASE_PATH, MANIFEST_PATH } from '../domain/backup.ts';
import type { Package } from '../domain/catalogue.ts';
import { FotaServerError } from '../domain/errors.ts';
import { BLOCK_BYTES, paddingOf, tarHeader } from '../domain/tar.ts';
import type { Snapshot, Snapshots } from '../ports/backup.ts';
import type { Now, PackageStore } from '../ports.ts';

/** A backup that is ready to be sent. */
export interface Backup {
  readonly manifest: BackupManifest;
  /** Bytes of all of it. */
  readonly size: number;
  /** Must be read to its end, or left. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface Backups {
  /**
   * Begins a backup: the database as it is now, and every package that it names and that is whole. Devices are answered
   * meanwhile. One at a time.
   * @throws FotaServerError `backup-running`, `disk-full`, `data-dir-unusable`, `database-damaged`
   */
  begin(): Promise<Backup>;
}

interface Ports {
  readonly snapshots: Snapshots;
  readonly packages: PackageStore;
  readonly now: Now;
  /** Of this program. */
  readonly version: string;
  readonly encode: (text: string) => Uint8Array;
}

export function createBackups({ snapshots, packages, now, version, encode }: Ports): Backups {
  let isRunning = false;

  async function* bytesOf(head: Uint8Array, manifest: BackupManifest, snapshot: Snapshot): AsyncGenerator<Uint8Array> {
    const at = Date.parse(manifest.createdAt);
    try {
      yield* entry({ path: MANIFEST_PATH, size: head.length }, at, [head]);
      for (const file of manifest.files) {
        const content = file.path === DATABASE_PATH ? snapshot.read() : contentOf(file, packages);
        yield* entry(file, at, content);
      }
      yield new Uint8Array(2 * BLOCK_BYTES);
    } finally {
      isRunning = false;
      await snapshot.remove();
    }
  }

  const made = async (snapshot: Snapshot): Promise<Backup> => {
    const files: BackupFile[] = [{ path: DATABASE_PATH, size: snapshot.size, sha256: snapshot.sha256 }];
    const missing: string[] = [];
    for (const one of snapshot.packages) {
      if (await isWhole(one, packages)) files.push({ path: `packages/${one.sha256}`, ...one });
      else missing.push(one.sha256);
    }
    const createdAt = new Date(now()).toISOString();
    const { schema } = snapshot;
    const manifest = {
      format: 'fota-backup',
      formatVersion: 1,
      program: version,
      schema,
      createdAt,
      files,
      missing,
    } as const;
    const head = encode(`${JSON.stringify(manifest, undefined, 1)}\n`);
    const sizes = [head.length, ...files.map(({ size }) => size)];
    const size = sizes.reduce((sum, each) => sum + BLOCK_BYTES + each + paddingOf(each), 2 * BLOCK_BYTES);
    return { manifest, size, bytes: bytesOf(head, manifest, snapshot) };
  };

  return {
    async begin() {
      if (isRunning) throw new FotaServerError('backup-running', 'another backup is being made');
      isRunning = true;
      let snapshot: Snapshot | undefined;
      try {
        snapshot = await snapshots.take();
        return await made(snapshot);
      } catch (error) {
        isRunning = false;
        await snapshot?.remove();
        throw error;
      }
    },
  };
}

async function* entry(
  file: { readonly path: string; readonly size: number },
  at: number,
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield tarHeader(file, at);
  yield* content;
  const padding = paddingOf(file.size);
  if (padding > 0) yield new Uint8Array(padding);
}

async function* contentOf({ sha256, size }: BackupFile, packages: PackageStore): AsyncGenerator<Uint8Array> {
  const opened = await packages.open({ sha256, size });
  // What is given on is kept by the network until it is sent; the store goes on with the same memory.
  for await (const piece of opened.read(0, size - 1)) yield Uint8Array.from(piece);
}

async function isWhole(one: Package, packages: PackageStore): Promise<boolean> {
  try {
    await (await packages.open(one)).close();
    return true;
  } catch (error) {
    if (error instanceof FotaServerError && error.code === 'package-damaged') return false;
    throw error;
  }
}
