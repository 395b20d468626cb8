import type { HourlyCount, VersionCountStore } from '../../ports/version-counts.ts';
import type { Database } from './database.ts';
import type { Reading, Transaction } from './transaction.ts';

/** How many devices ran which version, hour by hour, and which hours were counted; a step of the schema. */
export const VERSION_COUNT_TABLES: string = `
  CREATE TABLE version_hour (
    hour INTEGER PRIMARY KEY
  ) STRICT;
  CREATE TABLE version_count (
    project TEXT NOT NULL,
    hour INTEGER NOT NULL,
    firmware_name TEXT NOT NULL,
    version TEXT NOT NULL,
    devices INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (project, hour, firmware_name, version)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX version_count_hour ON version_count (hour);
`;

/** The counts of the newest `hoursKept` hours that were counted. */
export function versionCountStore(
  database: Database,
  transaction: Transaction,
  reading: Reading,
  hoursKept: number,
): VersionCountStore {
  const addHour = database.prepare('INSERT OR IGNORE INTO version_hour (hour) VALUES (?)');
  const dropHour = database.prepare('DELETE FROM version_count WHERE hour = ?');
  const oldest = database.prepare('SELECT hour FROM version_hour ORDER BY hour DESC LIMIT 1 OFFSET ?');
  const dropHours = ['version_hour', 'version_count'].map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE hour <= ?`),
  );
  const insert = database.prepare(
    'INSERT INTO version_count (project, hour, firmware_name, version, devices, seen) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const hours = database.prepare('SELECT hour FROM version_hour WHERE hour BETWEEN ? AND ? ORDER BY hour');
  // A step along the primary key for each hour: years of other hours are not looked through.
  const found = database.prepare(
    `SELECT c.hour, c.project, c.firmware_name AS firmwareName, c.version, c.devices, c.seen
     FROM json_each(:hours) h CROSS JOIN version_count c ON c.project = :project AND c.hour = h.value
     WHERE coalesce(c.firmware_name = :firmwareName, true) ORDER BY c.hour, c.firmware_name, c.version`,
  );

  return {
    async keep(hour, counts) {
      // A power cut may take an hour away: as if no server had run then.
      transaction('kill', () => {
        dropHour.run(hour);
        addHour.run(hour);
        for (const { project, firmwareName, version, devices, seen } of counts) {
          insert.run(project, hour, firmwareName, version, devices, seen);
        }
        const last = oldest.get(hoursKept) as { readonly hour: number } | undefined;
        if (last !== undefined) for (const drop of dropHours) drop.run(last.hour);
      });
    },

    async hours(from, to) {
      return (reading(() => hours.all(from, to)) as Array<{ readonly hour: number }>).map(({ hour }) => hour);
    },

    async counts({ project, firmwareName = null, hours: wanted }) {
      const rows = reading(() => found.all({ project, firmwareName, hours: JSON.stringify(wanted) }));
      return (rows as unknown as HourlyCount[]).map((row) => ({ ...row }));
    },
  };
}
