import type { Project } from '../domain/catalogue.ts';
import type { Access } from '../domain/device.ts';
import type { DeviceTable, TableLine } from '../domain/device-table.ts';
import { FotaServerError, type LineProblem } from '../domain/errors.ts';
import { changedProfile, NO_PROFILE, type Profile } from '../domain/profile.ts';
import type { Later, Now } from '../ports.ts';
import type { DeviceQueries, DeviceQuery } from './device-queries.ts';
import { HEAD, rowOf } from './device-rows.ts';
import type { Events } from './events.ts';
import type { Fleet } from './fleet.ts';
import type { Profiles } from './profiles.ts';
import { sayWord } from './words.ts';

/** What operators say of a device. */
export interface Said {
  readonly access: Access;
  readonly profile: Profile;
}

/** A device of which a line says something new. */
export interface TableChange {
  readonly line: number;
  readonly id: string;
  /** It has never asked, and nothing was said of it. */
  readonly isNew: boolean;
  readonly before: Said;
  readonly after: Said;
}

/** A change, and the line that says it: what that leaves out stays as it is, though it be another by then. */
interface Planned extends TableChange {
  readonly says: TableLine['profile'];
}

/** What a table changes, or has changed. */
export interface TableOutcome {
  /** Of the table, the head not counted. */
  readonly lines: number;
  /** That the table names, each once. */
  readonly devices: number;
  /** Of these, of which something new is said. */
  readonly changed: number;
  /** Of those, of which nothing was known: they are known from now on, and need not have asked. */
  readonly added: number;
  /** Devices of which nothing is known and nothing is said: they stay unknown. */
  readonly unknown: number;
  /** The first of the changes. */
  readonly sample: readonly TableChange[];
}

/** Devices as tables for spreadsheets. */
export interface DeviceTables {
  /**
   * All that fit, one line a firmware, below a head. Nothing is kept of it but a portion.
   * @throws FotaServerError `query-invalid`
   */
  export(wanted: DeviceQuery): Promise<AsyncIterable<string>>;
  /** What a table would change. @throws FotaServerError `project-unknown`, `table-invalid` */
  check(project: string, table: DeviceTable): Promise<TableOutcome>;
  /**
   * Says of devices what a table says, where that is new; nothing where one line cannot be taken. Durable once resolved. Where
   * the disk fails in the midst, lines up to a place are done: the same table again does the rest. One table at a time.
   * @throws FotaServerError `project-unknown`, `table-invalid`, `disk-full`, `data-dir-unusable`
   */
  import(project: string, table: DeviceTable): Promise<TableOutcome>;
}

/** Devices that one commit writes, and that are looked at in one turn. */
const AT_ONCE = 1_000;
const SAMPLE = 10;
/** What a spreadsheet makes of a long number. */
const ROUNDED = /^\d(?:[.,]\d+)?E\+\d+$/i;

export function createDeviceTables(ports: {
  readonly queries: Pick<DeviceQueries, 'portions'>;
  readonly fleet: Fleet;
  readonly profiles: Profiles;
  readonly events: Pick<Events, 'along'>;
  /** @throws FotaServerError `project-unknown` */
  readonly project: (name: string) => Project;
  readonly now: Now;
  readonly later: Later;
}): DeviceTables {
  const { queries, fleet, profiles, events, now, later } = ports;
  let last: Promise<unknown> = Promise.resolve();

  /** Everybody else's turn. */
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      later(0, resolve);
    });

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };

  const changeOf = (project: string, { line, id, access, profile }: TableLine): Planned => {
    const before = { access: fleet.access(project, id), profile: profiles.profile(project, id) };
    const after = { access: access ?? before.access, profile: changedProfile(before.profile, profile) };
    const isSaid = before.access !== 'default' || before.profile !== NO_PROFILE;
    const isNew = !isSaid && fleet.recordsOf(project, id).length === 0;
    return { line, id, isNew, before, after, says: profile };
  };

  /** What a table would change, and all of those changes. @throws FotaServerError `table-invalid` */
  const plan = async (project: string, table: DeviceTable): Promise<[TableOutcome, readonly Planned[]]> => {
    if (table.wrong > 0) throw invalid(table.problems, table.wrong);
    const changes: Planned[] = [];
    const rounded: LineProblem[] = [];
    let unknown = 0;
    for (const [at, line] of table.devices.entries()) {
      const change = changeOf(project, line);
      if (isChange(change)) changes.push(change);
      else if (change.isNew) unknown += 1;
      if (change.isNew && ROUNDED.test(line.id)) rounded.push(roundedProblem(line));
      if ((at + 1) % AT_ONCE === 0) await turn();
    }
    if (rounded.length > 0) throw invalid(rounded.slice(0, 2 * SAMPLE), rounded.length);
    const { lines, devices } = table;
    const added = changes.filter(({ isNew }) => isNew).length;
    const counts = { lines, devices: devices.length, changed: changes.length, added, unknown };
    return [{ ...counts, sample: changes.slice(0, SAMPLE) }, changes];
  };

  const apply = async (project: string, changes: readonly Planned[]): Promise<void> => {
    const spoken = changes.filter(({ before, after }) => before.profile !== after.profile);
    const [failed] = await profiles.change(spoken.map(({ id, says }) => ({ project, id, change: says })));
    if (failed !== undefined) throw failed.error;
    for (const access of ['default', 'blocked', 'allowed'] as const) {
      const those = changes.filter(({ before, after }) => after.access === access && before.access !== access);
      await sayWord(
        { fleet, events, now },
        those.map(({ id }) => ({ project, id })),
        access,
      );
    }
  };

  return {
    async export(wanted) {
      const portions = queries.portions(wanted);
      // What is wrong with the query is told before anything is sent.
      const first = await portions.next();
      return (async function* () {
        yield HEAD;
        for (let portion = first; portion.done !== true; portion = await portions.next()) {
          const rows = portion.value.map(rowOf).join('');
          if (rows !== '') yield rows;
        }
      })();
    },

    check: async (name, table) => (await plan(ports.project(name).name, table))[0],

    async import(name, table) {
      const project = ports.project(name).name;
      return inTurn(async () => {
        const [outcome, changes] = await plan(project, table);
        for (let place = 0; place < changes.length; place += AT_ONCE) {
          await apply(project, changes.slice(place, place + AT_ONCE));
          await turn();
        }
        return outcome;
      });
    },
  };
}

function isChange({ before, after }: TableChange): boolean {
  return before.access !== after.access || before.profile !== after.profile;
}

function roundedProblem({ line, id }: TableLine): LineProblem {
  const message = `${JSON.stringify(id)} is what a spreadsheet makes of a long number: import the column "id" as text`;
  return { line, column: 'id', message };
}

function invalid(problems: readonly LineProblem[], wrong: number): FotaServerError {
  const [{ line, column, message } = { line: 1, message: '' } as LineProblem] = problems;
  const where = column === undefined ? `line ${line}` : `line ${line}, ${column}`;
  const others = wrong === 1 ? '' : ` (and ${wrong - 1} more)`;
  return new FotaServerError('table-invalid', `${where}: ${message}${others}`, undefined, { problems, wrong });
}
