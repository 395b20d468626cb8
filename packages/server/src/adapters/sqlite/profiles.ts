import { NO_PROFILE } from '../../domain/profile.ts';
import type { ProfileStore, StoredProfile } from '../../ports/profiles.ts';
import type { Database } from './database.ts';
import type { Reading, Transaction } from './transaction.ts';

/** What operators say of devices; a part of a step of the schema. Labels have no blanks, and are parted by one. */
export const PROFILE_TABLE: string = `
  CREATE TABLE device_profile (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    labels TEXT NOT NULL,
    note TEXT NOT NULL,
    pin_version TEXT,
    pin_may_downgrade INTEGER,
    PRIMARY KEY (project, id)
  ) STRICT, WITHOUT ROWID;
`;

interface ProfileRow {
  readonly project: string;
  readonly id: string;
  readonly labels: string;
  readonly note: string;
  readonly pin_version: string | null;
  readonly pin_may_downgrade: number | null;
}

export function profileStore(database: Database, transaction: Transaction, reading: Reading): ProfileStore {
  const all = database.prepare('SELECT * FROM device_profile');
  const upsert = database.prepare('INSERT OR REPLACE INTO device_profile VALUES (?, ?, ?, ?, ?, ?)');
  const drop = database.prepare('DELETE FROM device_profile WHERE project = ? AND id = ?');

  return {
    *profiles() {
      const rows = reading(() => all.iterate() as IterableIterator<unknown>);
      const share = sharing();
      for (let row = reading(() => rows.next()); row.done !== true; row = reading(() => rows.next())) {
        yield profileOf(row.value as ProfileRow, share);
      }
    },

    async write(profiles) {
      transaction('power-cut', () => {
        for (const { project, id, profile } of profiles) {
          const { labels, note, pin } = profile;
          if (profile === NO_PROFILE) drop.run(project, id);
          else {
            const downgrade = pin === undefined ? null : Number(pin.mayDowngrade);
            upsert.run(project, id, labels.join(' '), note, pin?.version ?? null, downgrade);
          }
        }
      });
    },
  };
}

function profileOf(row: ProfileRow, share: (labels: string) => readonly string[]): StoredProfile {
  const { project, id, labels, note, pin_version: version, pin_may_downgrade: downgrade } = row;
  const pin = version === null ? undefined : { version, mayDowngrade: downgrade === 1 };
  return { project, id, profile: { labels: share(labels), note, pin } };
}

/** Many devices have the same labels: each such list is kept once. */
function sharing(): (labels: string) => readonly string[] {
  const lists = new Map<string, readonly string[]>([['', []]]);
  return (labels) => {
    const list = lists.get(labels) ?? labels.split(' ');
    lists.set(labels, list);
    return list;
  };
}
