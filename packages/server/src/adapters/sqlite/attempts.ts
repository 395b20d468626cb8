import { type Attempt, STANDINGS, type Standing, standingOf } from '../../domain/attempt.ts';
import type { AttemptCount, AttemptFilter, AttemptStore } from '../../ports/rollouts.ts';
import type { DeviceName, PageRequest, StoredAttempt } from '../../ports.ts';
import type { Database } from './database.ts';
import { byBytes, type Conditions, cursorText, placeOf, projectsOf, type Rows, runner, within } from './lists.ts';
import type { Reading } from './transaction.ts';

/**
 * Attempts, one a device, firmware, release and rollout (0: none), and of each device the latest and what it was promised;
 * a step of the schema. The standing follows from state and failures; it has a column so that lists and counts find it.
 */
export const ATTEMPT_TABLE: string = `
  CREATE TABLE attempt (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    firmware_name TEXT NOT NULL,
    release INTEGER NOT NULL,
    rollout INTEGER NOT NULL,
    wave INTEGER NOT NULL,
    from_version TEXT NOT NULL,
    to_version TEXT NOT NULL,
    state TEXT NOT NULL,
    reached TEXT NOT NULL,
    standing TEXT NOT NULL,
    failures INTEGER NOT NULL,
    offered_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    code INTEGER,
    detail TEXT NOT NULL,
    -- Of a device that waits: why, and until when, if it says; NULL: it does not wait.
    deferred_reason TEXT,
    deferred_until INTEGER,
    PRIMARY KEY (project, id, firmware_name, release, rollout)
  ) STRICT, WITHOUT ROWID;
  -- Each goes on with what is left of the primary key: whatever is listed lies in order.
  CREATE INDEX attempt_rollout ON attempt (rollout, standing);
  CREATE INDEX attempt_release ON attempt (release, standing);
  CREATE INDEX attempt_standing ON attempt (standing);
  ALTER TABLE device ADD COLUMN latest_release INTEGER;
  ALTER TABLE device ADD COLUMN latest_rollout INTEGER;
  ALTER TABLE device ADD COLUMN spent_bytes INTEGER;
  ALTER TABLE device ADD COLUMN spent_since INTEGER;
`;

/** Columns of an attempt, but for those of its device and its standing. */
const ATTEMPT =
  'release, rollout, wave, from_version, to_version, state, reached, failures, offered_at, changed_at, code, detail, deferred_reason, deferred_until';
const CHANGING = ATTEMPT.split(', ').slice(2);

/** The columns of the attempt `t` in a row that has others, too. */
const COLUMNS = ATTEMPT.replaceAll(/(\w+)/g, 't.$1 AS attempt_$1');

/** Rows of devices `l`, with all that they have, and each with its latest attempt. */
export function withLatest(devices: string): string {
  return `SELECT l.*, ${COLUMNS} FROM ${devices} l LEFT JOIN attempt t ON t.project = l.project AND t.id = l.id
    AND t.firmware_name = l.firmware_name AND t.release = l.latest_release AND t.rollout = l.latest_rollout`;
}

/** What {@link withLatest} brings; `null`: there is no attempt. */
export interface LatestRow {
  readonly attempt_release: number | null;
  readonly attempt_rollout: number;
  readonly attempt_wave: number;
  readonly attempt_from_version: string;
  readonly attempt_to_version: string;
  readonly attempt_state: Attempt['state'];
  readonly attempt_reached: Attempt['reached'];
  readonly attempt_failures: number;
  readonly attempt_offered_at: number;
  readonly attempt_changed_at: number;
  readonly attempt_code: number | null;
  readonly attempt_detail: string;
  readonly attempt_deferred_reason: string | null;
  readonly attempt_deferred_until: number | null;
}

interface AttemptRow extends LatestRow {
  readonly project: string;
  readonly id: string;
  readonly firmware_name: string;
}

/** In the order of the list. */
const PLACE = 'project, id, firmware_name, release, rollout';

/** Attempts within a transaction of the device store, and the lists and counts of them. */
export function attemptTable(
  database: Database,
  reading: Reading,
): AttemptStore & {
  /** Leaves the page alone where nothing has changed: that is what most writing of a record comes to. */
  write(attempt: StoredAttempt): void;
  forget(device: DeviceName): void;
} {
  const changed = CHANGING.map((column) => `attempt.${column} IS NOT excluded.${column}`).join(' OR ');
  const set = [...CHANGING, 'standing'].map((column) => `${column} = excluded.${column}`).join(', ');
  const upsert = database.prepare(
    `INSERT INTO attempt (project, id, firmware_name, standing, ${ATTEMPT})
     VALUES (${Array.from({ length: CHANGING.length + 6 }, () => '?').join(', ')})
     ON CONFLICT DO UPDATE SET ${set} WHERE ${changed}`,
  );
  const drop = database.prepare('DELETE FROM attempt WHERE project = ? AND id = ?');
  const count = database.prepare(
    'SELECT rollout, wave, standing, count(*) AS count FROM attempt WHERE rollout > 0 GROUP BY rollout, wave, standing',
  );
  const run = runner(database);
  const listed = (filter: AttemptFilter, after: Place | undefined, limit: number): Rows => {
    if (filter.within === undefined) return run(...pageOf(filter, after), limit);
    // The list is by project: one after the other, each along its index.
    const rows: unknown[] = [];
    for (const project of projectsOf(filter).toSorted(byBytes)) {
      if (rows.length < limit) rows.push(...run(...pageOf({ ...filter, project }, after), limit - rows.length));
    }
    return rows;
  };

  return {
    write({ project, id, firmwareName, ...attempt }) {
      const { release, rollout = 0, wave, from, to, state, reached, failures, offeredAt, changedAt, detail } = attempt;
      const code = attempt.code ?? null;
      const names = [project, id, firmwareName, standingOf(attempt)];
      upsert.run(
        ...names,
        release,
        rollout,
        wave,
        from,
        to,
        state,
        reached,
        failures,
        offeredAt,
        changedAt,
        code,
        detail,
        attempt.deferral?.reason ?? null,
        attempt.deferral?.until ?? null,
      );
    },

    forget: ({ project, id }) => void drop.run(project, id),

    counts: async () => (reading(() => count.all()) as unknown as AttemptCount[]).map((row) => ({ ...row })),

    async attempts(filter, { limit, cursor }: PageRequest) {
      const after = cursor === undefined ? undefined : placeOf(cursor, KINDS);
      const rows = reading(() => listed(filter, after, limit + 1)) as AttemptRow[];
      const items = rows.slice(0, limit).map(storedOf);
      const last = rows.length > limit ? items.at(-1) : undefined;
      return {
        items,
        cursor: last && cursorText([last.project, last.id, last.firmwareName, last.release, last.rollout ?? 0]),
      };
    },
  };
}

/** The device's latest attempt in a row of devices. */
export function attemptOf(row: LatestRow): Attempt | undefined {
  if (row.attempt_release === null) return undefined;
  return {
    release: row.attempt_release,
    rollout: row.attempt_rollout === 0 ? undefined : row.attempt_rollout,
    wave: row.attempt_wave,
    from: row.attempt_from_version,
    to: row.attempt_to_version,
    state: row.attempt_state,
    reached: row.attempt_reached,
    failures: row.attempt_failures,
    offeredAt: row.attempt_offered_at,
    changedAt: row.attempt_changed_at,
    code: row.attempt_code ?? undefined,
    detail: row.attempt_detail,
    deferral:
      row.attempt_deferred_reason === null
        ? undefined
        : { reason: row.attempt_deferred_reason, until: row.attempt_deferred_until ?? undefined },
  };
}

function storedOf(row: AttemptRow): StoredAttempt {
  const attempt = attemptOf(row);
  if (attempt === undefined) throw new Error('an attempt without a release');
  return { project: row.project, id: row.id, firmwareName: row.firmware_name, ...attempt };
}

const KINDS = ['string', 'string', 'string', 'number', 'number'] as const;
type Place = ReturnType<typeof placeOf<typeof KINDS>>;

/** Of one standing, or of each that there is: within each, an index has them in order from where the page begins. */
function pageOf(filter: AttemptFilter, after: Place | undefined): readonly [sql: string, conditions: Conditions] {
  const { rollout, release, standing, deviceId } = filter;
  const conditions = [
    ...within('', filter.project, deviceId ?? '', after),
    ...(rollout === undefined ? [] : [['rollout = :rollout', { rollout }] as const]),
    // Not by the index of releases where a rollout is named: all of it is one release.
    ...(release === undefined ? [] : [[`${rollout === undefined ? '' : '+'}release = :release`, { release }] as const]),
    ...(deviceId === undefined ? [] : [['id = :deviceId', { deviceId }] as const]),
    ...(after === undefined ? [] : [beyond(after)]),
  ];
  // One device has few, whatever else is asked; where nobody says of which project, all are tried.
  const isAnywhere = deviceId !== undefined && filter.project === undefined;
  const isSplit = (rollout !== undefined || release !== undefined) && deviceId === undefined;
  const every: ReadonlyArray<Standing | undefined> = isSplit ? STANDINGS : [undefined];
  const part = (one: Standing | undefined): string => {
    const words = [...conditions.map(([sql]) => sql), ...(isAnywhere ? [ANYWHERE] : [])];
    // One of our own words, which needs no quoting.
    if (one !== undefined) words.push(`standing = '${one}'`);
    return `SELECT * FROM (SELECT project, id, firmware_name, ${COLUMNS} FROM attempt t
      WHERE ${words.join(' AND ') || 'true'} ORDER BY ${PLACE} LIMIT :limit)`;
  };
  const parts = (standing === undefined ? every : [standing]).map(part);
  const ordered = 'project, id, firmware_name, attempt_release, attempt_rollout';
  return [`${parts.join(' UNION ALL ')} ORDER BY ${ordered} LIMIT :limit`, conditions];
}

function beyond([project, id, firmwareName, release, rollout]: Place): Conditions[number] {
  const values = { afterProject: project, afterId: id, afterName: firmwareName, release0: release, rollout0: rollout };
  return [`(${PLACE}) > (:afterProject, :afterId, :afterName, :release0, :rollout0)`, values];
}

/** The projects that have attempts, one step along the primary key each. */
const ANYWHERE = `project IN (WITH RECURSIVE p (name) AS (SELECT min(project) FROM attempt UNION ALL
  SELECT (SELECT min(project) FROM attempt WHERE project > name) FROM p WHERE name IS NOT NULL) SELECT name FROM p)`;
