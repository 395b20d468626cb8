/**
 * Tables as text (RFC 4180), as spreadsheets write and read them. Strict: what could be read in two ways is refused, with its
 * place. Lines end by LF or CRLF; a byte order mark and empty lines are passed over. Cells are parted by what parts the first
 * two of the table: a comma, or a semicolon or a tab, which spreadsheets write where a comma stands in numbers.
 */

/** One row, and the line on which it begins, from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Why a text is no table, and where: the line, and the character in it, both from 1. */
export class CsvError extends Error {
  override readonly name = 'CsvError';
  readonly line: number;
  /** In UTF-16 units. */
  readonly column: number;

  constructor(line: number, column: number, message: string) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** Takes a table piece by piece, however it is cut. Once it has thrown it is of no more use. */
export interface CsvReader {
  /** The line that is being read. */
  readonly line: number;
  /** Rows that have ended. @throws CsvError */
  add(text: string): CsvRow[];
  /** The last row, where no end of line follows it. @throws CsvError */
  end(): CsvRow[];
}

/** UTF-16 units of a row: more is no table, but a quote that nobody closed. */
const LONGEST_ROW = 65_536;
const MOST_CELLS = 256;

export function createCsvReader(): CsvReader {
  let delimiter: string | undefined;
  let state: 'begin' | 'bare' | 'quoted' | 'closed' = 'begin';
  let cells: string[] = [];
  let cell = '';
  let isEmpty = true;
  let length = 0;
  /** Of the unit that comes next. */
  let line = 1;
  let column = 1;
  /** Where the row began, and the quote that is open. */
  let first = 1;
  let quote: readonly [line: number, column: number] = [1, 1];
  let wasReturn = false;
  let hasBegun = false;

  const wrong = (message: string): CsvError => new CsvError(line, column, message);

  const endCell = (): void => {
    if (cells.length === MOST_CELLS) throw wrong(`a row has more than ${MOST_CELLS} cells`);
    cells.push(cell);
    cell = '';
    state = 'begin';
  };

  const endRow = (rows: CsvRow[]): void => {
    endCell();
    // A row of one cell that is empty has quotes.
    if (!isEmpty) rows.push({ line: first, cells });
    cells = [];
    isEmpty = true;
    length = 0;
    delimiter ??= ',';
  };

  const add = (unit: string): void => {
    cell += unit;
    length += 1;
    if (length > LONGEST_ROW) throw new CsvError(first, 1, `a row has more than ${LONGEST_ROW} characters`);
  };

  const isDelimiter = (unit: string): boolean => {
    if (delimiter === undefined && (unit === ',' || unit === ';' || unit === '\t')) delimiter = unit;
    return unit === delimiter;
  };

  const outside = (unit: string, rows: CsvRow[]): void => {
    if (unit === '\n') {
      endRow(rows);
      return;
    }
    if (isEmpty) first = line;
    isEmpty = false;
    if (isDelimiter(unit)) endCell();
    else if (unit === '"' && state === 'begin') {
      state = 'quoted';
      quote = [line, column];
    } else if (unit === '"') throw wrong('a quote stands in the midst of a cell');
    else if (state === 'closed') throw wrong('something follows the quote that closes a cell');
    else {
      state = 'bare';
      add(unit);
    }
  };

  const step = (unit: string, rows: CsvRow[]): void => {
    if (state === 'quoted') {
      if (unit === '"') state = 'closed';
      else add(unit);
    } else if (state === 'closed' && unit === '"') {
      state = 'quoted';
      add(unit);
    } else outside(unit, rows);
  };

  const isHeld = (unit: string): boolean => {
    if (wasReturn && unit !== '\n') throw wrong('a carriage return stands without its line feed');
    wasReturn = unit === '\r' && state !== 'quoted';
    return wasReturn;
  };

  return {
    get line() {
      return line;
    },
    add(text) {
      const rows: CsvRow[] = [];
      const begin = !hasBegun && text.startsWith('\ufeff') ? 1 : 0;
      hasBegun ||= text !== '';
      for (let i = begin; i < text.length; i += 1) {
        const unit = text.charAt(i);
        if (!isHeld(unit)) step(unit, rows);
        column += 1;
        if (unit === '\n') {
          line += 1;
          column = 1;
        }
      }
      return rows;
    },
    end() {
      const rows: CsvRow[] = [];
      if (wasReturn) throw wrong('a carriage return stands without its line feed');
      if (state === 'quoted') throw new CsvError(...quote, 'a quote is opened here and not closed');
      if (!isEmpty) endRow(rows);
      return rows;
    },
  };
}

/** What a spreadsheet takes for a formula, in their full width too, behind any number of guards. */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;
const GUARDED = /^'+[=+\-@\t\r\n＝＋－＠]/;

/** A row of cells, none of which a spreadsheet takes for a formula: those get an apostrophe, which `unguarded` takes away. */
export function csvLine(cells: readonly string[]): string {
  const [only] = cells;
  if (cells.length === 1 && only === '') return '""\r\n';
  return `${cells.map((cell) => quoted(FORMULA.test(cell) ? `'${cell}` : cell)).join(',')}\r\n`;
}

/** What was meant by a cell that came back from a spreadsheet. */
export function unguarded(cell: string): string {
  return GUARDED.test(cell) ? cell.slice(1) : cell;
}

function quoted(cell: string): string {
  return /[",;\t\r\n\ufeff]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
