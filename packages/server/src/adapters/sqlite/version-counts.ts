import type { VersionCount, VersionCountStore } from '../../ports/rollouts.ts';
import type { Database } from './database.ts';
import type { Reading, Transaction } from './transaction.ts';

/** How many devices told which version, hour by hour; a step of the schema. */
export const VERSION_COUNT_TABLE: string = `
  CREATE TABLE version_count (
    project TEXT NOT NULL,
    hour INTEGER NOT NULL,
    firmware_name TEXT NOT NULL,
    version TEXT NOT NULL,
    devices INTEGER NOT NULL,
    PRIMARY KEY (project, hour, firmware_name, version)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX version_count_hour ON version_count (hour);
`;

const KEPT_MS = 400 * 24 * 3_600_000;

export function versionCountStore(database: Database, transaction: Transaction, reading: Reading): VersionCountStore {
  const drop = database.prepare('DELETE FROM version_count WHERE hour = ? OR hour < ?');
  const insert = database.prepare(
    'INSERT INTO version_count (project, hour, firmware_name, version, devices) VALUES (?, ?, ?, ?, ?)',
  );
  const found = database.prepare(
    `SELECT hour, project, firmware_name AS firmwareName, version, devices FROM version_count
     WHERE project = :project AND hour BETWEEN :from AND :to AND coalesce(firmware_name = :firmwareName, true)
     ORDER BY hour, firmware_name, version`,
  );

  return {
    async keep(hour, counts) {
      // A power cut may take an hour away: it is the same as one at which no server ran.
      transaction('kill', () => {
        drop.run(hour, hour - KEPT_MS);
        for (const { project, firmwareName, version, devices } of counts) {
          insert.run(project, hour, firmwareName, version, devices);
        }
      });
    },

    async counts({ project, firmwareName = null, from, to }) {
      const rows = reading(() => found.all({ project, from, to, firmwareName }));
      return (rows as unknown as VersionCount[]).map((row) => ({ ...row }));
    },
  };
}
