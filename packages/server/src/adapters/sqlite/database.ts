import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { FotaServerError, type ServerErrorCode } from '../../domain/errors.ts';

export type Database = DatabaseSyncInstance;

type Constructor = new (path: string, options: { readonly timeout: number }) => Database;

/** Opens a database file; waits up to `timeout` milliseconds for another process's lock. */
export async function openDatabase(path: string, timeout: number): Promise<Database> {
  const DatabaseSync = builtIn() ?? (await import('@photostructure/sqlite')).DatabaseSync;
  return new DatabaseSync(path, { timeout });
}

/** Whether databases are opened with Node's own SQLite. */
export function isBuiltIn(): boolean {
  return builtIn() !== undefined;
}

interface Module {
  readonly DatabaseSync: new (
    path: string,
    options: { readonly open?: boolean; readonly timeout?: number },
  ) => Database;
}

/**
 * Node's own SQLite, from 22.16 on: before, it has neither `isTransaction` nor `timeout`. Its "experimental" warning tells
 * an operator nothing that is to be done.
 */
function builtIn(): Constructor | undefined {
  const warn = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    const module = process.getBuiltinModule?.('node:sqlite') as Module | undefined;
    // Of each database its own: the prototype tells nothing.
    const isWhole = module !== undefined && 'isTransaction' in new module.DatabaseSync(':memory:', { open: false });
    return isWhole ? module.DatabaseSync : undefined;
  } finally {
    process.emitWarning = warn;
  }
}

/** SQLite's primary result codes (sqlite.org/rescode.html) that an operator can do something about. */
const CODES: ReadonlyMap<number | undefined, ServerErrorCode> = new Map([
  [8, 'data-dir-unusable'],
  [10, 'data-dir-unusable'],
  [11, 'database-damaged'],
  [13, 'disk-full'],
  [14, 'data-dir-unusable'],
  [26, 'database-damaged'],
]);

/** SQLite's own words for some of them: all that `@photostructure/sqlite` tells of a reading that failed. */
const WORDS: ReadonlyMap<unknown, number> = new Map([
  ['disk I/O error', 10],
  ['database disk image is malformed', 11],
  ['unable to open database file', 14],
  ['file is not a database', 26],
]);

/** SQLite's primary result code of an error of either driver. */
export function resultCode(error: unknown): number | undefined {
  const { errcode, message } = error as { readonly errcode?: unknown; readonly message?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : WORDS.get(message);
}

/** SQLite's SQLITE_IOERR_SHMSIZE: it found no room for the index of the write-ahead log. */
const NO_ROOM_FOR_INDEX = 4874;

/** What tells of a full disk otherwise than by SQLITE_FULL: files beside the database are made by us, and by SQLite. */
function isFull(error: unknown): boolean {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' || errcode === NO_ROOM_FOR_INDEX;
}

/** The error as one of ours, where an operator can do something about it; else as it is. */
export function translate(path: string, error: unknown): unknown {
  const code = isFull(error) ? 'disk-full' : CODES.get(resultCode(error));
  return code === undefined ? error : new FotaServerError(code, `${path}: ${(error as Error).message}`, error);
}
