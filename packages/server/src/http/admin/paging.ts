import { FotaServerError } from '../../domain/errors.ts';
import type { Page, PageRequest } from '../../ports.ts';

/** Items of a page where nobody says. */
export const DEFAULT_LIMIT = 50;

/**
 * A page of a list in memory that is sorted by `rank`, a whole number that stays with its item: what comes and goes between
 * two pages neither repeats nor hides another item.
 * @throws FotaServerError `cursor-invalid`
 */
export function paged<T>(items: readonly T[], rank: (item: T, index: number) => number, wanted: PageRequest): Page<T> {
  const after = wanted.cursor === undefined ? undefined : rankIn(wanted.cursor);
  const start = after === undefined ? 0 : items.findIndex((item, index) => rank(item, index) > after);
  if (start < 0) return { items: [], cursor: undefined };
  const end = start + wanted.limit;
  const page = items.slice(start, end);
  const last = page.at(-1);
  const isEnd = end >= items.length || last === undefined;
  return { items: page, cursor: isEnd ? undefined : cursorAt(rank(last, start + page.length - 1)) };
}

/** The cursor that goes on behind an item of this rank. */
export function cursorAt(rank: number): string {
  return Buffer.from(String(rank)).toString('base64url');
}

/** The rank behind which a cursor goes on. @throws FotaServerError `cursor-invalid` */
export function rankIn(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw new FotaServerError('cursor-invalid', 'the cursor is not one of this list');
}
