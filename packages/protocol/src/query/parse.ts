import { nearestWord } from './nearest.ts';
import { hasGlobs, printQuery } from './print.ts';
import {
  joined,
  MAX_QUERY_DEPTH,
  MAX_QUERY_LENGTH,
  OPERATORS,
  QUERY_FIELDS,
  type Query,
  QueryError,
  type QueryField,
  type QueryValue,
} from './query.ts';
import { createScanner, type Scanner } from './scanner.ts';
import { parseDuration, parseInstant } from './times.ts';

/** Words that only the caller knows: values of these fields are held to them. */
export interface QueryWords {
  readonly rule?: readonly string[];
}

const FIELD_NAMES = Object.keys(QUERY_FIELDS) as QueryField[];

/** What people write for a field. */
const SYNONYMS: ReadonlyMap<string, QueryField> = new Map([
  ['imei', 'id'],
  ['mac', 'id'],
  ['uid', 'id'],
  ['device', 'id'],
  ['fw', 'firmware'],
  ['firmware_name', 'firmware'],
  ['firmwarename', 'firmware'],
  ['tag', 'label'],
  ['tags', 'label'],
  ['pin', 'pinned'],
  ['lastseen', 'seen'],
  ['last_seen', 'seen'],
  ['firstseen', 'first'],
  ['first_seen', 'first'],
  ['status', 'state'],
]);

/** What people write for an operator. */
const WRONG_OPERATORS: ReadonlyMap<string, string> = new Map([
  ['==', '='],
  ['===', '='],
  [':=', '='],
  ['=<', '<='],
  ['=>', '>='],
  ['<>', '!='],
  ['!==', '!='],
]);

/** What people write between terms. */
const WRONG_JOINTS: ReadonlyMap<string, string> = new Map([
  ['&&', 'and'],
  ['&', 'and'],
  ['||', 'or'],
  ['|', 'or'],
]);

/**
 * Reads a query on devices (docs/queries.md).
 * @throws QueryError and nothing else, whatever the text is
 */
export function parseQuery(text: string, words: QueryWords = {}): Query {
  if (text.length > MAX_QUERY_LENGTH) throw tooLong(`the query has ${text.length} characters`);
  const scanner = createScanner(text);
  if (scanner.isAtEnd()) throw scanner.unexpected('a query ("all" for every device)');
  const query = alternatives(scanner, words, 0);
  if (!scanner.isAtEnd()) throw scanner.unexpected('"and", "or" or the end', WRONG_JOINTS.get(scanner.peek() ?? ''));
  if (printQuery(query).length > MAX_QUERY_LENGTH) throw tooLong('the query is too long once it is written out');
  return query;
}

function tooLong(what: string): QueryError {
  return new QueryError('too-long', `${what}, and may have ${MAX_QUERY_LENGTH}`, { position: MAX_QUERY_LENGTH });
}

function alternatives(scanner: Scanner, words: QueryWords, depth: number): Query {
  return chain(scanner, 'or', () => chain(scanner, 'and', () => negation(scanner, words, depth)));
}

function chain(scanner: Scanner, kind: 'and' | 'or', part: () => Query): Query {
  const parts = [part()];
  while (scanner.peek()?.toLowerCase() === kind) {
    scanner.word();
    parts.push(part());
  }
  return joined(kind, parts);
}

function negation(scanner: Scanner, words: QueryWords, depth: number): Query {
  if (depth > MAX_QUERY_DEPTH) {
    throw scanner.error('too-deep', `the query has more than ${MAX_QUERY_DEPTH} brackets within each other`, {});
  }
  if (scanner.takes('(')) {
    const inner = alternatives(scanner, words, depth + 1);
    if (!scanner.takes(')')) throw scanner.unexpected('"and", "or" or ")"', WRONG_JOINTS.get(scanner.peek() ?? ''));
    return inner;
  }
  const position = scanner.position();
  const typed = scanner.peek() ?? '';
  const word = typed.toLowerCase();
  if (word === '' || word === 'and' || word === 'or') throw scanner.unexpected('a field, "not", "all" or "("');
  scanner.word();
  if (word === 'not') return { kind: 'not', of: negation(scanner, words, depth + 1) };
  if (word === 'all') return { kind: 'all' };
  return term(scanner, words, typed, position);
}

function term(scanner: Scanner, words: QueryWords, typed: string, position: number): Query {
  const field = FIELD_NAMES.find((name) => name === typed.toLowerCase());
  const from = scanner.position();
  const given = scanner.operator();
  if (field === undefined) {
    const suggestion = given === undefined ? meantBy(typed) : nearestField(typed);
    const expected = `one of ${FIELD_NAMES.join(', ')}`;
    throw scanner.error('field-unknown', `${JSON.stringify(typed)} is no field`, { position, expected, suggestion });
  }
  const { kind, bare } = QUERY_FIELDS[field];
  const expected = OPERATORS[kind].join(' ');
  if (given === undefined) {
    if (bare) return { kind: 'has', field };
    throw scanner.unexpected(`one of ${expected} after ${field}`);
  }
  const operator = OPERATORS[kind].find((one) => one === (given === ':' ? '=' : given));
  if (operator === undefined) {
    const suggestion = WRONG_OPERATORS.get(given);
    const message = `${field} is compared by ${expected}, and not by ${given}`;
    throw scanner.error('operator-wrong', message, { position: from, expected, suggestion });
  }
  const value = comparand(scanner, words, field);
  if ('parts' in value && value.parts.length > 1 && operator !== '=' && operator !== '!=') {
    const message = `a ${field} with * has no order`;
    throw scanner.error('operator-wrong', message, { position: from, expected: '= !=' });
  }
  return { kind: 'term', field, operator, value };
}

/** A word that stands alone and is no field: what it might ask for. */
function meantBy(typed: string): string {
  const word = typed.toLowerCase();
  const chosen = (['access', 'state'] as const).find((field) => QUERY_FIELDS[field].choices?.includes(word));
  if (chosen !== undefined) return `${chosen} = ${word}`;
  const alone = FIELD_NAMES.filter((name) => QUERY_FIELDS[name].bare);
  return nearestWord(typed, ['and', 'or', 'not', 'all', ...alone]) ?? printQuery(labelled(typed));
}

function labelled(label: string): Query {
  return { kind: 'term', field: 'label', operator: '=', value: { parts: [label] } };
}

function nearestField(typed: string): string | undefined {
  return SYNONYMS.get(typed.toLowerCase()) ?? nearestWord(typed, FIELD_NAMES);
}

function comparand(scanner: Scanner, words: QueryWords, field: QueryField): QueryValue {
  const position = scanner.position();
  const { kind, choices } = QUERY_FIELDS[field];
  const { parts, isQuoted } = scanner.value(hasGlobs(field));
  const text = parts.join('*');
  const wrong = (expected: string, suggestion?: string): QueryError => {
    const message = `${JSON.stringify(text)} does not fit ${field}`;
    return scanner.error('value-wrong', `${message}, which takes ${expected}`, { position, expected, suggestion });
  };
  if (kind === 'choice') return { parts: [chosen(text, choices ?? [], wrong)] };
  if (kind === 'number') {
    if (!/^\d{1,15}$/.test(text)) throw wrong('a whole number');
    return { number: Number(text) };
  }
  if (kind === 'time') return isQuoted ? instantOf(text, wrong) : timeOf(scanner, text, wrong);
  if (field === 'rule' && words.rule !== undefined && parts.length === 1) chosen(text, words.rule, wrong);
  return { parts };
}

type Wrong = (expected: string, suggestion?: string) => QueryError;

function chosen(text: string, choices: readonly string[], wrong: Wrong): string {
  const choice = choices.find((one) => one === text.toLowerCase());
  if (choice === undefined) throw wrong(`one of ${choices.join(', ')}`, nearestWord(text, choices));
  return choice;
}

const TIME = 'how long ago, such as 2d ago, or a date, such as 2026-11-05 or 2026-11-05T08:00Z';

/**
 * A duration needs its `ago`: whether `seen < 3h` means less than three hours ago, or before then, nobody should have to
 * guess before he blocks what it finds.
 */
function timeOf(scanner: Scanner, text: string, wrong: Wrong): QueryValue {
  const ago = parseDuration(text);
  if (ago === undefined) return instantOf(text, wrong);
  if (scanner.peek()?.toLowerCase() !== 'ago') throw wrong(TIME, `${text} ago`);
  scanner.word();
  return { ago };
}

function instantOf(text: string, wrong: Wrong): QueryValue {
  const at = parseInstant(text);
  if (at === undefined) throw wrong(TIME);
  return { at };
}
