/** What lists that operators page through have in common. */
import { FotaServerError } from '../../domain/errors.ts';
import type { Database } from './database.ts';

type Named = Readonly<Record<string, string | number>>;
/** Conditions that hold together, and what they compare with. */
export type Conditions = ReadonlyArray<readonly [sql: string, values: Named]>;
export type Rows = readonly unknown[];

interface Kinds {
  readonly string: string;
  readonly number: number;
}
/** A place in a list, by the kinds of its parts. */
export type Place<K extends ReadonlyArray<keyof Kinds>> = { readonly [I in keyof K]: Kinds[K[I]] };

/** @throws FotaServerError `cursor-invalid` */
export function placeOf<const K extends ReadonlyArray<keyof Kinds>>(cursor: string, kinds: K): Place<K> {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(place) && place.length === kinds.length && kinds.every((kind, at) => typeof place[at] === kind)) {
      return place as unknown as Place<K>;
    }
  } catch {
    // Told below.
  }
  throw new FotaServerError('cursor-invalid', `"${cursor.slice(0, 64)}" is no place in the list`);
}

export function cursorText(place: ReadonlyArray<string | number>): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/**
 * Of this project, from where the page begins: said of the id alone, too, for where the project is given SQLite goes along
 * an index by the id next. `table` ends with a dot, or is empty.
 */
export function within(
  table: string,
  project: string | undefined,
  lowest: string,
  after: readonly [project: string, id: string, ...rest: unknown[]] | undefined,
): Conditions {
  if (project === undefined) return [];
  const low = after?.[0] === project ? after[1] : lowest;
  return [[`${table}project = :project AND ${table}id >= :low`, { project, low }]];
}

/** Runs lists. Of each shape of a filter it keeps the statement. */
export function runner(database: Database): (sql: string, conditions: Conditions, limit: number) => Rows {
  // By their text, of which there are as many as filters have shapes.
  const statements = new Map<string, ReturnType<Database['prepare']>>();
  return (sql, conditions, limit) => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement.all(Object.assign({ limit }, ...conditions.map(([, values]) => values)));
  };
}

/** Of the projects that may be told of, those that are asked for. */
export function projectsOf({
  project,
  within: seen = [],
}: {
  readonly project: string | undefined;
  readonly within?: readonly string[] | undefined;
}): readonly string[] {
  const distinct = [...new Set(seen)];
  return project === undefined ? distinct : distinct.filter((one) => one === project);
}

/** As SQLite sorts texts. */
export function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
