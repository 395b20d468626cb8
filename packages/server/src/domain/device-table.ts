/** Reads what operators say of devices from a table of them (docs/devices-csv.md). */
import { CsvError, type CsvRow, createCsvReader, nearestWord, unguarded } from '@libfota2/protocol';
import { type Access, isUsableId } from './device.ts';
import { COLUMNS, type Column, DOWNGRADE, KNOWN_COLUMNS, NOTHING, OWN_COLUMNS } from './device-columns.ts';
import { FotaServerError, type LineProblem } from './errors.ts';
import { changedProfile, NO_PROFILE, type Pin, type ProfileChange } from './profile.ts';

/** What a line says of a device; what is left out stays as it is. */
export interface TableLine {
  /** Where it stands, from 1. */
  readonly line: number;
  readonly id: string;
  readonly access: Access | undefined;
  readonly profile: Pick<ProfileChange, 'labels' | 'note' | 'pin'>;
}

/** A table that was read to its end. It is valid or it is not: where one line cannot be taken, none is. */
export interface DeviceTable {
  /** Each device once. */
  readonly devices: readonly TableLine[];
  /** Lines that say something of a device, the head not counted. */
  readonly lines: number;
  /** The first of what is wrong. */
  readonly problems: readonly LineProblem[];
  /** How much is wrong in all, as far as it was read. */
  readonly wrong: number;
}

/** Takes a table piece by piece, however it is cut. Never throws: what is wrong is told at the end. */
export interface TableReader {
  add(text: string): void;
  /** It is no text, from here on. */
  break(why: string): void;
  end(): DeviceTable;
}

/** Problems that are told; of more it is only told how many. */
const MOST_PROBLEMS = 20;
/** Lines of a table: twice as many as anybody was seen to need. */
export const MOST_LINES = 200_000;
const ACCESS: readonly Access[] = ['default', 'blocked', 'allowed'];

/** `project`: the only one that lines may name. */
export function createTableReader(project: string, mostLines: number = MOST_LINES): TableReader {
  const reader = createCsvReader();
  const devices = new Map<string, TableLine>();
  const problems: LineProblem[] = [];
  let columns: ReadonlyArray<Column | undefined> | undefined;
  let lines = 0;
  let wrong = 0;
  let isOver = false;

  const tell = (line: number, message: string, column?: string): void => {
    wrong += 1;
    if (problems.length < MOST_PROBLEMS) problems.push({ line, ...(column !== undefined && { column }), message });
  };

  const takeHead = ({ line, cells }: CsvRow): void => {
    const before = wrong;
    columns = columnsOf(cells, (message) => tell(line, message));
    // Cells of columns that are not known say nothing.
    if (wrong > before) isOver = true;
  };

  const takeLine = ({ line, cells }: CsvRow, names: ReadonlyArray<Column | undefined>): void => {
    if (cells.length !== names.length) {
      tell(line, `the line has ${cells.length} cells, and the head ${names.length}`);
      return;
    }
    const cellOf = (column: Column): string => cells[names.indexOf(column)] ?? '';
    const named = unguarded(cellOf('project'));
    if (named !== '' && named !== project) {
      tell(line, `it is a device of "${named.slice(0, 64)}", and not of "${project}"`, 'project');
    }
    const read = deviceOf(line, cellOf, (column, message) => tell(line, message, column));
    if (read === undefined) return;
    const before = devices.get(read.id);
    const said = before === undefined ? read : joined(before, read);
    if (said === undefined) tell(line, `it says another thing of this device than line ${before?.line}`, 'id');
    else devices.set(read.id, said);
  };

  const take = (rows: readonly CsvRow[]): void => {
    for (const row of rows) {
      if (isOver) return;
      if (columns === undefined) takeHead(row);
      // A spreadsheet leaves such lines where others were emptied.
      else if (row.cells.some((cell) => cell !== '')) {
        lines += 1;
        isOver = lines > mostLines;
        if (isOver) tell(row.line, `the table has more than ${mostLines} lines: take several`);
        else takeLine(row, columns);
      }
    }
  };

  const trying = (rows: () => readonly CsvRow[]): void => {
    if (isOver) return;
    try {
      take(rows());
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      isOver = true;
      tell(error.line, `${error.message} (character ${error.column} of the line)`);
    }
  };

  return {
    add: (text) => trying(() => reader.add(text)),
    break(why) {
      if (!isOver) tell(reader.line, why);
      isOver = true;
    },
    end() {
      trying(() => reader.end());
      if (columns === undefined && wrong === 0)
        tell(1, 'the table is empty: it needs a head with the names of its columns');
      return { devices: [...devices.values()], lines, problems, wrong };
    },
  };
}

/** The columns that a head names; what is wrong with it is told. */
function columnsOf(cells: readonly string[], tell: (message: string) => void): Array<Column | undefined> {
  const names = cells.map((cell) => cell.trim().toLowerCase());
  const columns = names.map((name) => COLUMNS.find((column) => column === name));
  for (const [at, name] of names.entries()) {
    const shown = JSON.stringify(name.slice(0, 64));
    if (columns[at] === undefined) {
      const near = nearestWord(name, COLUMNS);
      tell(near === undefined ? `${shown} is no column` : `${shown} is no column; did you mean ${near}?`);
    } else if (names.indexOf(name) < at) tell(`the column ${shown} is there twice`);
  }
  if (!columns.includes('id')) tell('the column "id" is missing: nobody knows which devices are meant');
  else if (!columns.some((column) => column !== 'id' && isOwn(column))) {
    tell(`the table has nothing to change: give ${OWN_COLUMNS.slice(1).join(', ')}, or some of them`);
  }
  return columns;
}

function isOwn(column: Column | undefined): boolean {
  return column !== undefined && !(KNOWN_COLUMNS as readonly Column[]).includes(column);
}

/** What the cells of a line say; `undefined` where something of it is wrong, which is told. */
function deviceOf(
  line: number,
  cellOf: (column: Column) => string,
  tell: (column: Column, message: string) => void,
): TableLine | undefined {
  let isRight = true;
  const trying = <T>(column: Column, work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof FotaServerError)) throw error;
      isRight = false;
      tell(column, error.message);
      return undefined;
    }
  };
  const id = trying('id', () => idOf(cellOf('id')));
  const access = trying('access', () => accessOf(cellOf('access').trim()));
  const labels = trying('labels', () => checked({ labels: labelsOf(cellOf('labels')) }).labels);
  const note = trying('note', () => checked({ note: noteOf(cellOf('note')) }).note);
  const pin = trying('pin', () => checked({ pin: pinOf(cellOf('pin').trim()) }).pin);
  if (!isRight || id === undefined) return undefined;
  const profile = {
    ...(labels !== undefined && { labels }),
    ...(note !== undefined && { note }),
    ...(pin !== undefined && { pin }),
  };
  return { line, id, access, profile };
}

/** @throws FotaServerError `label-invalid`, `labels-too-many`, `note-invalid`, `version-invalid` */
function checked<T extends TableLine['profile']>(change: T): T {
  changedProfile(NO_PROFILE, change);
  return change;
}

/** @throws FotaServerError `id-invalid` */
function idOf(cell: string): string {
  const id = unguarded(cell);
  if (id === '') throw new FotaServerError('id-invalid', 'the line has no device id');
  if (isUsableId(id)) return id;
  throw new FotaServerError('id-invalid', `${JSON.stringify(id.slice(0, 128))} is no device id`);
}

/** @throws FotaServerError `request-invalid` */
function accessOf(cell: string): Access | undefined {
  if (cell === '') return undefined;
  if (cell === NOTHING) return 'default';
  const word = ACCESS.find((one) => one === cell.toLowerCase());
  if (word !== undefined) return word;
  const near = nearestWord(cell, ACCESS);
  const rest = near === undefined ? `it is one of ${ACCESS.join(', ')}` : `did you mean ${near}?`;
  throw new FotaServerError('request-invalid', `${JSON.stringify(cell.slice(0, 64))} is no word on a device; ${rest}`);
}

function labelsOf(cell: string): string[] | undefined {
  if (cell === NOTHING) return [];
  const labels = unguarded(cell).split(/\s+/).filter(Boolean);
  return labels.length === 0 ? undefined : labels;
}

function noteOf(cell: string): string | undefined {
  if (cell === '') return undefined;
  return cell === NOTHING ? '' : unguarded(cell);
}

/** @throws FotaServerError `version-invalid` */
function pinOf(cell: string): Pin | null | undefined {
  if (cell === '') return undefined;
  if (cell === NOTHING) return null;
  const [version = '', ...rest] = unguarded(cell).split(/\s+/);
  const mayDowngrade = rest[0] === DOWNGRADE;
  if (rest.length === Number(mayDowngrade)) return { version, mayDowngrade };
  const shown = JSON.stringify(cell.slice(0, 64));
  throw new FotaServerError('version-invalid', `${shown} is no pin such as "1.4.0" or "1.4.0 ${DOWNGRADE}"`);
}

/** What two lines say of one device, as a device has several that asks for several firmwares; `undefined`: they contradict. */
function joined(one: TableLine, other: TableLine): TableLine | undefined {
  const isAgainst = <T>(a: T | undefined, b: T | undefined): boolean =>
    a !== undefined && b !== undefined && JSON.stringify(a) !== JSON.stringify(b);
  const { profile, access } = one;
  const contradicts =
    isAgainst(access, other.access) ||
    isAgainst(profile.labels, other.profile.labels) ||
    isAgainst(profile.note, other.profile.note) ||
    isAgainst(profile.pin, other.profile.pin);
  if (contradicts) return undefined;
  return { ...one, access: access ?? other.access, profile: { ...profile, ...other.profile } };
}
