/** What a backup says of itself, as `manifest.json` at its beginning. */
export interface BackupManifest {
  readonly format: 'fota-backup';
  readonly formatVersion: 1;
  /** Version of the program that made it. */
  readonly program: string;
  /** Schema of the database. */
  readonly schema: number;
  /** ISO 8601. */
  readonly createdAt: string;
  /** In the order in which they follow. */
  readonly files: readonly BackupFile[];
  /** Packages that releases name, and that were missing or damaged when the backup was made: lower-case hex. */
  readonly missing: readonly string[];
}

export interface BackupFile {
  /** `fota.db`, or `packages/` and the SHA-256. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export const MANIFEST_PATH = 'manifest.json';
export const DATABASE_PATH = 'fota.db';

/** Reads a manifest; `undefined`: it is none, or names files that no backup has. */
export function readManifest(value: unknown): BackupManifest | undefined {
  const { format, formatVersion, program, schema, createdAt, files, missing } = (value ??
    {}) as Partial<BackupManifest>;
  if (format !== 'fota-backup' || formatVersion !== 1 || !Number.isInteger(schema) || schema === undefined)
    return undefined;
  if (typeof program !== 'string' || typeof createdAt !== 'string' || !MOMENT.test(createdAt)) return undefined;
  if (!Array.isArray(files) || !files.every(isFile) || files[0]?.path !== DATABASE_PATH) return undefined;
  if (!Array.isArray(missing) || !missing.every((one) => typeof one === 'string' && HASH.test(one))) return undefined;
  const isOnce = new Set(files.map(({ path }) => path)).size === files.length;
  return isOnce ? { format, formatVersion, program, schema, createdAt, files, missing } : undefined;
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HASH = /^[0-9a-f]{64}$/;

function isFile(value: unknown): value is BackupFile {
  const { path, size, sha256 } = (value ?? {}) as Partial<BackupFile>;
  if (typeof sha256 !== 'string' || !HASH.test(sha256)) return false;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return false;
  return path === DATABASE_PATH || path === `packages/${sha256}`;
}
