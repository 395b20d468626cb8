import { QUERY_FIELDS, type Query, type QueryTerm } from './query.ts';
import { printDuration, printInstant } from './times.ts';

/** What a value may be without quotes. The characters of Chinese keyboards that look like ours are no part of it. */
export const BARE_VALUE: RegExp = /(?!:)[^\s()"'<>=!,（）“”‘’＜＞＝！，：\\]+/y;

/** Fields whose `=` is written `:`, for a device may have several, or more than is asked for. */
const COLON: ReadonlySet<string> = new Set(['label', 'group', 'note']);

/** The one way to write a query: `parseQuery` makes the same query of it. */
export function printQuery(query: Query): string {
  switch (query.kind) {
    case 'all':
      return 'all';
    case 'has':
      return query.field;
    case 'not':
      return `not ${printPart(query.of)}`;
    case 'and':
    case 'or':
      return query.of.map(printPart).join(` ${query.kind} `);
    case 'term':
      return printTerm(query);
  }
}

/** People should not have to know that `and` binds tighter than `or`. */
function printPart(query: Query): string {
  return query.kind === 'and' || query.kind === 'or' ? `(${printQuery(query)})` : printQuery(query);
}

function printTerm({ field, operator, value }: QueryTerm): string {
  const between = operator === '=' && COLON.has(field) ? ':' : ` ${operator} `;
  if ('number' in value) return `${field}${between}${value.number}`;
  if ('ago' in value) return `${field}${between}${printDuration(value.ago)} ago`;
  if ('at' in value) return `${field}${between}${printInstant(value.at)}`;
  return `${field}${between}${printText(value.parts, hasGlobs(field))}`;
}

/** Whether a `*` in a value of this field stands for anything. */
export function hasGlobs(field: QueryTerm['field']): boolean {
  const { kind } = QUERY_FIELDS[field];
  return kind === 'text' || kind === 'version';
}

function printText(parts: readonly string[], globs: boolean): string {
  const text = parts.join('*');
  const isPlain = isBare(text) && !(globs && parts.some((part) => part.includes('*')));
  if (isPlain) return text;
  const special = globs ? /["\\*]/g : /["\\]/g;
  return `"${parts.map((part) => part.replace(special, '\\$&')).join('*')}"`;
}

function isBare(text: string): boolean {
  BARE_VALUE.lastIndex = 0;
  return BARE_VALUE.exec(text)?.[0] === text;
}
