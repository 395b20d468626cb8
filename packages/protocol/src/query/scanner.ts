import { BARE_VALUE } from './print.ts';
import { QueryError, type QueryErrorCode } from './query.ts';

/** Reads a text piece by piece, and says where it is. */
export interface Scanner {
  /** Where the next piece begins, behind blanks. */
  position(): number;
  /** The name of a field, a keyword, or whatever else stands there; `undefined` where no word begins. */
  word(): string | undefined;
  /** The same, without taking it. */
  peek(): string | undefined;
  /** `(` or `)`, where it is the next. */
  takes(bracket: '(' | ')'): boolean;
  /** As it stands there, such as `<=` or `=>`; `undefined` where none does. */
  operator(): string | undefined;
  /** A value; with `globs` it is cut at each `*`, but for those behind a backslash. @throws QueryError `syntax` */
  value(globs: boolean): { readonly parts: readonly string[]; readonly isQuoted: boolean };
  isAtEnd(): boolean;
  /** An error about what begins at `position`. */
  error(code: QueryErrorCode, message: string, parts: ErrorParts): QueryError;
  /** The error that something else stands here. */
  unexpected(expected: string, suggestion?: string): QueryError;
}

interface ErrorParts {
  /** Default: where the next piece begins. */
  readonly position?: number;
  readonly expected?: string;
  readonly suggestion?: string | undefined;
}

const BLANKS = /\s*/y;
const WORD = /[^\s()"'<>=!:,（）“”‘’＜＞＝！，：]+/y;
const OPERATOR = /[<>=!:]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/sy;

/** What Chinese keyboards write, and what was meant. */
const FULL_WIDTH: Readonly<Record<string, string>> = {
  '（': '(',
  '）': ')',
  '“': '"',
  '”': '"',
  '‘': "'",
  '’': "'",
  '＜': '<',
  '＞': '>',
  '＝': '=',
  '！': '!',
  '：': ':',
};

export function createScanner(text: string): Scanner {
  let at = 0;

  const match = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text) ?? undefined;
  };

  const take = (pattern: RegExp): string | undefined => {
    const found = match(pattern)?.[0];
    at += found?.length ?? 0;
    return found;
  };

  const position = (): number => {
    take(BLANKS);
    return at;
  };

  const peek = (): string | undefined => {
    position();
    return match(WORD)?.[0];
  };

  const error: Scanner['error'] = (code, message, { position: from = at, ...more }) =>
    new QueryError(code, message, { position: from, ...more });

  const unexpected: Scanner['unexpected'] = (expected, suggestion) => {
    const from = position();
    const character = String.fromCodePoint(text.codePointAt(from) ?? 32);
    const found = from === text.length ? 'the query ends' : `${JSON.stringify(peek() ?? character)} stands`;
    return error('syntax', `${found} where ${expected} is expected`, {
      expected,
      suggestion: suggestion ?? FULL_WIDTH[character],
    });
  };

  return {
    position,
    peek,
    error,
    unexpected,
    isAtEnd: () => position() === text.length,
    word() {
      position();
      return take(WORD);
    },
    takes(bracket) {
      const isThere = text[position()] === bracket;
      if (isThere) at += 1;
      return isThere;
    },
    operator() {
      position();
      return take(OPERATOR);
    },
    value(globs) {
      const from = position();
      const quoted = match(QUOTED);
      if (quoted !== undefined) {
        at += quoted[0].length;
        return { parts: partsOf(quoted[1] ?? quoted[2] ?? '', from + 1, globs), isQuoted: true };
      }
      if (text[from] === '"' || text[from] === "'") {
        throw error('syntax', 'the text that begins here has no closing quote', { expected: `${text[from]}` });
      }
      const bare = take(BARE_VALUE);
      if (bare === undefined) throw unexpected('a value');
      return { parts: globs ? bare.split('*') : [bare], isQuoted: false };
    },
  };
}

/** What stands between quotes. @throws QueryError `syntax` at a backslash before anything but a quote, a backslash or a star */
function partsOf(inner: string, position: number, globs: boolean): string[] {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < inner.length; i += 1) {
    const unit = inner.charAt(i);
    if (unit === '*' && globs) {
      parts.push(part);
      part = '';
    } else if (unit === '\\') {
      i += 1;
      part += escaped(inner.charAt(i), position + i - 1);
    } else part += unit;
  }
  return [...parts, part];
}

function escaped(unit: string, position: number): string {
  if ('"\'\\*'.includes(unit)) return unit;
  const message = 'in quotes, a backslash stands before a quote, a star or another backslash only';
  throw new QueryError('syntax', message, { position, expected: '\\\\', suggestion: '\\\\' });
}
