/** What a query on devices is made of. docs/queries.md is its grammar for people. */

/** What the values of a field are, and which operators fit. */
type FieldKind = 'text' | 'name' | 'part' | 'version' | 'choice' | 'time' | 'number';

interface Field {
  readonly kind: FieldKind;
  /** Whether the bare name asks for devices that have any. */
  readonly bare: boolean;
  /** Of a choice. */
  readonly choices?: readonly string[];
}

const ACCESS = ['default', 'blocked', 'allowed'] as const;

/** How far an upgrade of a device is. */
const ATTEMPT_STATES = [
  'offered',
  'downloading',
  'downloaded',
  'installed',
  'confirmed',
  'failed',
  'rolled-back',
  'silent',
  'superseded',
] as const;

export type QueryField =
  | 'id'
  | 'firmware'
  | 'version'
  | 'label'
  | 'group'
  | 'access'
  | 'pinned'
  | 'note'
  | 'seen'
  | 'first'
  | 'asked'
  | 'rule'
  | 'state'
  | 'release'
  | 'deferred'
  | 'keyring';

/** Every field that a query may ask for. */
export const QUERY_FIELDS: Readonly<Record<QueryField, Field>> = {
  id: { kind: 'text', bare: false },
  firmware: { kind: 'text', bare: false },
  version: { kind: 'version', bare: false },
  label: { kind: 'text', bare: true },
  group: { kind: 'name', bare: false },
  access: { kind: 'choice', bare: false, choices: ACCESS },
  pinned: { kind: 'version', bare: true },
  note: { kind: 'part', bare: true },
  seen: { kind: 'time', bare: true },
  first: { kind: 'time', bare: false },
  asked: { kind: 'number', bare: false },
  rule: { kind: 'text', bare: false },
  state: { kind: 'choice', bare: true, choices: ATTEMPT_STATES },
  release: { kind: 'number', bare: true },
  deferred: { kind: 'time', bare: true },
  keyring: { kind: 'number', bare: true },
};

export type QueryOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** By kind of a field the operators that it takes; `:` is `=`. */
export const OPERATORS: Readonly<Record<FieldKind, readonly QueryOperator[]>> = {
  text: ['=', '!='],
  name: ['=', '!='],
  part: ['=', '!='],
  choice: ['=', '!='],
  version: ['=', '!=', '<', '<=', '>', '>='],
  number: ['=', '!=', '<', '<=', '>', '>='],
  time: ['<', '<=', '>', '>='],
};

/** What a field is compared with. */
export type QueryValue =
  /** A text; where it has several parts, anything may be between them (`*`). */
  | { readonly parts: readonly string[] }
  | { readonly number: number }
  /** So many milliseconds before now. */
  | { readonly ago: number }
  /** Milliseconds since 1970. */
  | { readonly at: number };

/** One term of a query. */
export interface QueryTerm {
  readonly kind: 'term';
  readonly field: QueryField;
  readonly operator: QueryOperator;
  readonly value: QueryValue;
}

/** A query as a tree. What `parseQuery` makes has no `and` directly in an `and`, no `or` directly in an `or`. */
export type Query =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Query[] }
  | { readonly kind: 'not'; readonly of: Query }
  /** The device has one of it at all. */
  | { readonly kind: 'has'; readonly field: QueryField }
  | QueryTerm;

/** Joins queries; those of the same kind become one. */
export function joined(kind: 'and' | 'or', parts: readonly Query[]): Query {
  const of = parts.flatMap((part) => (part.kind === kind ? part.of : [part]));
  const [only] = of;
  return only !== undefined && of.length === 1 ? only : { kind, of };
}

/** What a query can ask of a device; what is not known is `undefined`. */
export interface QueryFacts {
  readonly id: string;
  readonly firmware: string | undefined;
  readonly version: string | undefined;
  readonly labels: readonly string[];
  readonly access: (typeof ACCESS)[number];
  /** The version that it is to stay on. */
  readonly pinned: string | undefined;
  readonly note: string | undefined;
  /** When it last asked, and when first: milliseconds since 1970. */
  readonly seen: number | undefined;
  readonly first: number | undefined;
  /** How many times. */
  readonly asked: number | undefined;
  /** The rule that answered last. */
  readonly rule: string | undefined;
  /** How far its last upgrade is. */
  readonly state: (typeof ATTEMPT_STATES)[number] | undefined;
  /** The release of it. */
  readonly release: number | undefined;
  /** Until when the device says that it puts it off: milliseconds since 1970, infinite where it does not say. */
  readonly deferred: number | undefined;
  /** The number of its key ring; `undefined`: it has none. */
  readonly keyring: number | undefined;
}

/** UTF-16 units of a query, as it was typed and as `printQuery` writes it. */
export const MAX_QUERY_LENGTH = 2_000;
/** Brackets and `not`s within each other. */
export const MAX_QUERY_DEPTH = 32;
/** Terms of a query, its groups resolved. */
export const MAX_QUERY_TERMS = 1_000;
/** Groups within groups. */
export const MAX_GROUP_DEPTH = 8;

export type QueryErrorCode =
  /** Something else was expected here. */
  | 'syntax'
  | 'field-unknown'
  /** The field is not compared so. */
  | 'operator-wrong'
  /** The field has no such values. */
  | 'value-wrong'
  | 'too-long'
  | 'too-deep'
  | 'too-many-terms'
  | 'group-unknown'
  | 'group-cycle';

/** Why a text is no query, and what would be one. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly code: QueryErrorCode;
  /** Where in the text, in UTF-16 units; `undefined` where it is about a group. */
  readonly position: number | undefined;
  /** What could stand there. */
  readonly expected: string | undefined;
  /** What was probably meant. */
  readonly suggestion: string | undefined;

  constructor(code: QueryErrorCode, message: string, { position, expected, suggestion }: QueryErrorParts = {}) {
    super(suggestion === undefined ? message : `${message}; did you mean ${suggestion}?`);
    this.code = code;
    this.position = position;
    this.expected = expected;
    this.suggestion = suggestion;
  }
}

interface QueryErrorParts {
  readonly position?: number | undefined;
  readonly expected?: string | undefined;
  readonly suggestion?: string | undefined;
}
