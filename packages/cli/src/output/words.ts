/** Sizes, times and widths as people read them. */
import stringWidth from 'string-width';

/** `2.4 kB`, `2.8 MB`. */
export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  const [power, unit] = count < 1e5 ? [1e3, 'kB'] : count < 1e9 ? [1e6, 'MB'] : [1e9, 'GB'];
  return `${(count / power).toFixed(1)} ${unit}`;
}

const UNITS = [
  ['year', 365.25 * 86_400],
  ['month', 30.44 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `3 minutes ago`; the time comes as ISO 8601. */
export function ago(iso: string | undefined, now: number): string {
  if (iso === undefined) return 'never';
  const seconds = (Date.parse(iso) - now) / 1000;
  if (Number.isNaN(seconds)) return iso;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  const count = Math.trunc(seconds / length);
  return count === 0 ? 'just now' : new Intl.RelativeTimeFormat('en').format(count, unit);
}

/** The hour of an event, as the clock on this wall shows it. */
export function clockTime(iso: string): string {
  const date = new Date(iso);
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `1 device`, `3 devices`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

/** Text of others, without what would move a terminal's cursor. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd');
}

/** JSON that a terminal, too, may be shown: what JSON leaves as it is, but would steer a terminal, is escaped. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(UNPRINTABLE, (char) =>
    char === '\n' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Columns that a terminal takes for it: two for a Chinese character, none for a colour. */
export function width(text: string): number {
  return stringWidth(text);
}

/** Lines of columns under a head, each as wide as its widest cell; the last one is not filled up. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  return all.map((row) =>
    head
      .map((_, column) => {
        const cell = row[column] ?? '';
        const isLast = column === head.length - 1;
        return isLast ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell));
      })
      .join('  ')
      .trimEnd(),
  );
}

/** A name, or a path, as a shell takes it. */
export function quoted(name: string): string {
  return /^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
}
