/** Why a connection was refused before any question was understood. */
export type RefusedReason =
  | 'unparsable'
  | 'head-too-large'
  | 'head-too-slow'
  | 'body-too-large'
  | 'body-too-slow'
  | 'handshake-failed'
  | 'handshake-too-slow'
  | 'too-many-connections'
  | 'too-many-from-address'
  | 'no-such-path'
  | 'no-such-method';

/** A connection that got no answer of a use case, for an operator to learn of. */
export interface Refused {
  readonly reason: RefusedReason;
  /** The HTTP status that was answered; 0: none, the connection was dropped. */
  readonly status: number;
  /** Remote address; empty where the connection was gone already. */
  readonly address: string;
  /** How the request began: at most 200 printable ASCII characters, without project keys. */
  readonly excerpt: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Bytes of a request that an excerpt is made of. */
const EXCERPT_BYTES = 160;
const EXCERPT_CHARACTERS = 200;

/**
 * The first line of what came, one character a byte, as an operator may see it: what is not printable escaped, project
 * keys cut, for they are what tells devices of a project from strangers.
 */
export function excerptOf(latin1: string): string {
  const [line = ''] = latin1.slice(0, EXCERPT_BYTES).split('\r\n', 1);
  return line
    .replace(/(project_key=|\/d\/)([^&\s/]{0,4})[^&\s/]*/g, '$1$2…')
    .replace(/[^\x20-\x7e]/g, (c) => (c === '…' ? '...' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`))
    .slice(0, EXCERPT_CHARACTERS);
}
