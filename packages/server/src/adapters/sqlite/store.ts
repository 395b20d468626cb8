import type { FotaServerError } from '../../domain/errors.ts';
import type { EventStore } from '../../ports/events.ts';
import type { GroupStore } from '../../ports/groups.ts';
import type { ProfileStore } from '../../ports/profiles.ts';
import type { RepeatStore } from '../../ports/repeats.ts';
import type { AttemptStore, RolloutStore } from '../../ports/rollouts.ts';
import type { VersionCountStore } from '../../ports/version-counts.ts';
import type { WebhookStore } from '../../ports/webhooks.ts';
import type { CatalogueStore, DeviceStore } from '../../ports.ts';
import { catalogueStore, stateWriting } from './catalogue.ts';
import type { Database } from './database.ts';
import { deviceStore } from './devices.ts';
import { eventStore, eventWriting } from './events.ts';
import { groupStore } from './groups.ts';
import { profileStore } from './profiles.ts';
import { repeatStore } from './repeats.ts';
import { rolloutStore } from './rollouts.ts';
import { openSchema } from './schema.ts';
import { readings, type Transaction, transactions } from './transaction.ts';
import { versionCountStore } from './version-counts.ts';
import { webhookStore } from './webhooks.ts';

/** Entries of the upgrade log that are kept. */
const LOG_LIMIT = 1_000_000;
/** Events that are kept. */
const EVENT_LIMIT = 100_000;
/** Hours of which versions stay counted: 400 days. */
const HOURS_KEPT = 400 * 24;

export interface SqliteStore {
  readonly catalogue: CatalogueStore;
  readonly events: EventStore;
  readonly profiles: ProfileStore;
  readonly devices: DeviceStore & AttemptStore;
  readonly rollouts: RolloutStore;
  readonly versionCounts: VersionCountStore;
  /** Tells what was done to a database that an older program has written; `undefined`: nothing. */
  readonly migrated: FotaServerError | undefined;
  readonly webhooks: WebhookStore;
  readonly repeats: RepeatStore;
  readonly groups: GroupStore;
  /** For further stores on the same file. */
  readonly database: Database;
  readonly transaction: Transaction;
  close(): void;
}

/** Projects, releases, rollouts, devices, attempts, the upgrade log, events and tokens in one SQLite file. One process at a time, see `lockFolder`. */
export async function openSqliteStore(
  path: string,
  logLimit: number = LOG_LIMIT,
  eventLimit: number = EVENT_LIMIT,
): Promise<SqliteStore> {
  let migrated: FotaServerError | undefined;
  const database = await openSchema(path, (told) => {
    migrated = told;
  });
  const writing = eventWriting(database, eventLimit);
  const transaction = transactions(database, path, writing);
  const reading = readings(path);
  return {
    catalogue: catalogueStore(database, transaction, reading, writing.write),
    devices: deviceStore(database, transaction, reading, logLimit),
    events: eventStore(database, writing, transaction, reading),
    profiles: profileStore(database, transaction, reading),
    rollouts: rolloutStore(database, transaction, reading, stateWriting(database, writing.write)),
    versionCounts: versionCountStore(database, transaction, reading, HOURS_KEPT),
    groups: groupStore(database, transaction, reading),
    migrated,
    webhooks: webhookStore(database, transaction, reading),
    repeats: repeatStore(database, transaction, reading),
    database,
    transaction,
    close: () => database.close(),
  };
}
