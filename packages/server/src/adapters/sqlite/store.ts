import type { CatalogueStore, DeviceStore } from '../../ports.ts';
import { catalogueStore } from './catalogue.ts';
import type { Database } from './database.ts';
import { deviceStore } from './devices.ts';
import { openSchema } from './schema.ts';
import { readings, type Transaction, transactions } from './transaction.ts';

/** Entries of the upgrade log that are kept. */
const LOG_LIMIT = 1_000_000;

export interface SqliteStore {
  readonly catalogue: CatalogueStore;
  readonly devices: DeviceStore;
  /** For further stores on the same file. */
  readonly database: Database;
  readonly transaction: Transaction;
  close(): void;
}

/** Projects, releases, devices, the upgrade log and tokens in one SQLite file. One process at a time, see `lockFolder`. */
export async function openSqliteStore(path: string, logLimit: number = LOG_LIMIT): Promise<SqliteStore> {
  const database = await openSchema(path);
  const transaction = transactions(database, path);
  const reading = readings(path);
  return {
    catalogue: catalogueStore(database, transaction, reading),
    devices: deviceStore(database, transaction, reading, logLimit),
    database,
    transaction,
    close: () => database.close(),
  };
}
