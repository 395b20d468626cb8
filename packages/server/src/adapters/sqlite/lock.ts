import { FotaServerError } from '../../domain/errors.ts';
import { type Database, openDatabase, resultCode, translate } from './database.ts';

/**
 * The lock of a data folder: an empty SQLite file, locked exclusively while the server runs. It is the operating system's
 * lock, so that it vanishes with its process, however that ends; a file with a process id would stay behind after kill -9,
 * and the id may belong to another program by then. SQLite adds the check inside one process, which POSIX locks lack.
 *
 * Nobody may open the file by other means: closing any descriptor of it would drop the process's lock.
 *
 * @throws FotaServerError `data-dir-locked`, `data-dir-unusable`
 */
export async function lockFolder(path: string): Promise<{ close(): void }> {
  let database: Database | undefined;
  try {
    database = await openDatabase(path, 0);
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (resultCode(error) !== 5) throw translate(path, error);
    throw new FotaServerError('data-dir-locked', 'another server works on this data folder', error);
  }
}
