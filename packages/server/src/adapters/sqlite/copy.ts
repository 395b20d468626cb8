import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FotaServerError } from '../../domain/errors.ts';
import { type Database, openDatabase, translate } from './database.ts';

/**
 * Writes a database, as it is in one moment, into a file of its own, for this user alone. The file appears whole, read
 * again and durable, or not at all. What reads and writes the database through other connections goes on meanwhile.
 * @throws FotaServerError `disk-full`, `data-dir-unusable`, `database-damaged`
 */
async function copyDatabase(database: Database, to: string): Promise<void> {
  const temporary = `${to}.part`;
  try {
    await rm(temporary, { force: true });
    // SQLite writes into a file that is empty, and would make one that others can read.
    await (await open(temporary, 'wx', 0o600)).close();
    database.prepare('VACUUM INTO ?').run(temporary);
    await checkDatabase(temporary);
    await sync(temporary, 'r+');
    await rename(temporary, to);
    if (process.platform !== 'win32') await sync(dirname(to), 'r');
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw translate(to, error);
  }
}

/** Reads all of a database file that nobody works on. Resolves to its schema. @throws FotaServerError `database-damaged`, `disk-full` */
export async function checkDatabase(path: string): Promise<number> {
  const database = await openDatabase(path, 0);
  try {
    const [first] = database.prepare('PRAGMA integrity_check(1)').all() as { readonly integrity_check: string }[];
    if (first?.integrity_check !== 'ok') throw new Error(first?.integrity_check);
    return (database.prepare('PRAGMA user_version').get() as { readonly user_version: number }).user_version;
  } catch (error) {
    const told = translate(path, error);
    // To read, SQLite may have to write beside.
    if (told instanceof FotaServerError && told.code === 'disk-full') throw told;
    throw new FotaServerError('database-damaged', `${path}: ${(error as Error).message}`, error);
  } finally {
    database.close();
  }
}

/** Copies that are kept. */
const KEPT = 3;

/**
 * Keeps a database beside itself as it is before its schema changes. Resolves to the path of the copy; of older ones the
 * newest two stay.
 * @throws FotaServerError as `copyDatabase`
 */
export async function keepCopy(database: Database, path: string, schema: number, at: Date): Promise<string> {
  const moment = at.toISOString().replace(/[-:]|\.\d+/g, '');
  const copy = `${path}.schema-${schema}.${moment}.bak`;
  await copyDatabase(database, copy);
  const [folder, name] = [dirname(path), basename(path)];
  const copies = (await readdir(folder)).filter((one) => one.startsWith(`${name}.schema-`) && one.endsWith('.bak'));
  const momentOf = (one: string): string => one.split('.').at(-2) ?? '';
  const old = copies.toSorted((a, b) => momentOf(b).localeCompare(momentOf(a))).slice(KEPT);
  // That an old one stays is no reason not to go on.
  for (const one of old) await rm(join(folder, one)).catch(() => undefined);
  return copy;
}

async function sync(path: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
