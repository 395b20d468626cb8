/**
 * The lists that operators page through. Each shape of a filter has a statement of its own, so that SQLite goes along an
 * index from where the page begins: a page costs the same at the millionth device as at the first, and devices do not wait
 * for an operator who looks around.
 */
import type { DeviceFilter, LogFilter } from '../../ports.ts';
import { withLatest } from './attempts.ts';
import type { Database } from './database.ts';
import { byBytes, type Conditions, projectsOf, type Rows, runner, within } from './lists.ts';

/** Columns of a device. */
export const DEVICE = `project, id, firmware_name, id_kind, version, first_seen_at, last_seen_at, asked, rule, sent_release,
  sent_version, sent_sha256, sent_size, sent_told, sent_doubtful_until, sent_at, delivered_sha256, delivered_version, delivered_count,
  delivered_taken_back, delivered_since, latest_release, latest_rollout, spent_bytes, spent_since, reported, key_ring`;
/** Columns of a log entry, but for its number. */
export const LOG = `at, event, project, firmware_name, id_kind, device_id, version, code, rule, release, release_version,
  bytes, detail`;

const QUALIFIED = DEVICE.replaceAll(/(\w+)/g, 'd.$1');
/** In the order of the columns, for devices that never asked. */
const SILENT = `a.project, a.id, '' AS firmware_name, 'imei', ${Array.from({ length: DEVICE.split(',').length - 4 }, () => 'NULL').join(', ')}`;
const NEVER_ASKED = 'NOT EXISTS (SELECT 1 FROM device d WHERE d.project = a.project AND d.id = a.id)';
/** No id has this character: it is none. */
const LAST_CHARACTER = '\u{10ffff}';

/** A device in the list: project, id and firmware name. */
export type Place = readonly [project: string, id: string, firmwareName: string];

/** Rows of devices, and of those on whom the operator said a word before they asked, after a place in the list. */
export function devicePages(
  database: Database,
): (filter: DeviceFilter, after: Place | undefined, limit: number) => Rows {
  const run = runner(database);
  const pageOf = (filter: DeviceFilter, after: Place | undefined, limit: number): Rows => {
    const { access, firmwareName } = filter;
    const asked = [...fitting('d', filter, after), ...(firmwareName === undefined ? [] : [named('d', firmwareName)])];
    // Few have an operator's word: it is they who are looked through, not all the others.
    const hasWord = access === 'blocked' || access === 'allowed';
    const joined = hasWord ? 'device_access a CROSS JOIN device d' : 'device d LEFT JOIN device_access a';
    const on = 'ON a.project = d.project AND a.id = d.id';
    const word: Conditions = hasWord ? [['a.access = :access', { access }]] : [];
    const silent: Conditions = [...fitting('a', filter, after), ...word, [NEVER_ASKED, {}]];
    const quiet: Conditions = access === 'default' ? [['a.access IS NULL', {}]] : [];
    const parts = [page(`SELECT ${QUALIFIED}, a.access FROM ${joined} ${on}`, [...asked, ...word, ...quiet])];
    if (firmwareName === undefined && access !== 'default') {
      parts.push(page(`SELECT ${SILENT}, a.access FROM device_access a`, silent));
    }
    const listed = `(${parts.join(' UNION ALL ')} ORDER BY project, id, firmware_name LIMIT :limit)`;
    const sql = `${withLatest(listed)} ORDER BY l.project, l.id, l.firmware_name`;
    return run(sql, [...asked, ...silent], limit);
  };
  return (filter, after, limit) => {
    if (filter.within === undefined) return pageOf(filter, after, limit);
    // The list is by project: one after the other, each along its index.
    const rows: unknown[] = [];
    for (const project of projectsOf(filter).toSorted(byBytes)) {
      if (rows.length < limit) rows.push(...pageOf({ ...filter, project }, after, limit - rows.length));
    }
    return rows;
  };
}

/** Rows of the log before an entry, the newest first. */
export function logQueries(database: Database): (filter: LogFilter, before: number, limit: number) => Rows {
  const run = runner(database);
  return (filter, before, limit) => {
    const { project, within, firmwareName, deviceId, event, after } = filter;
    const given = { ...(within === undefined && { project }), firmware_name: firmwareName, device_id: deviceId, event };
    const conditions: Conditions = [
      ['id < :before', { before }],
      ...(after === undefined ? [] : [['id > :after', { after }] as const]),
      ...Object.entries(given).flatMap(([column, value]) =>
        value === undefined ? [] : [[`${column} = :${column}`, { [column]: value }] as const],
      ),
    ];
    const where = conditions.map(([sql]) => sql).join(' AND ');
    const select = `SELECT id AS log_id, ${LOG} FROM upgrade_log WHERE ${where}`;
    if (within === undefined) return run(`${select} ORDER BY log_id DESC LIMIT :limit`, conditions, limit);
    const projects = projectsOf(filter).map((one, at): Conditions[number] => [
      `project = :p${at}`,
      { [`p${at}`]: one },
    ]);
    if (projects.length === 0) return [];
    // Each along its index; SQLite merges them as it goes.
    const selects = projects.map(([sql]) => `${select} AND ${sql}`).join(' UNION ALL ');
    return run(`${selects} ORDER BY log_id DESC LIMIT :limit`, [...conditions, ...projects], limit);
  };
}

/** As many as are wanted of one kind, in order: of both kinds together only so many are sorted. */
function page(select: string, conditions: Conditions): string {
  const where = conditions.map(([sql]) => sql).join(' AND ') || 'true';
  return `SELECT * FROM (${select} WHERE ${where} ORDER BY 1, 2, 3 LIMIT :limit)`;
}

function named(table: string, firmwareName: string): Conditions[number] {
  return [`${table}.firmware_name = :firmwareName`, { firmwareName }];
}

/** Of this project and prefix, and after this place. `table` is `d`, or `a`, which has no firmware names. */
function fitting(table: 'a' | 'd', { project, idPrefix = '' }: DeviceFilter, after: Place | undefined): Conditions {
  const name = table === 'd' ? 'd.firmware_name' : "''";
  const conditions: Array<Conditions[number]> = [...within(`${table}.`, project, idPrefix, after)];
  if (after !== undefined) {
    const [afterProject, afterId, afterName] = after;
    const place = `(${table}.project, ${table}.id, ${name}) > (:afterProject, :afterId, :afterName)`;
    conditions.push([place, { afterProject, afterId, afterName }]);
  }
  if (idPrefix !== '') {
    const prefix = { prefix: idPrefix, end: `${idPrefix}${LAST_CHARACTER}` };
    conditions.push([`${table}.id >= :prefix AND ${table}.id < :end`, prefix]);
  }
  return conditions;
}
