/**
 * The audit log as a chain: each entry holds the hash of the one before it, so that nobody can change, remove or insert one
 * without changing all that follow. What a chain cannot show by itself is that its end was cut off, or that all of it was
 * written anew: for that, compare a hash that was remembered elsewhere.
 */
import type { Role } from './principal.ts';

/**
 * `begun`: somebody who may do it asked for a change; written before anything is changed. `ended`: how that went.
 * `refused`: somebody was kept out, or from something; several of a kind are gathered.
 */
export type AuditKind = 'begun' | 'ended' | 'refused';

/** What an entry tells; parts that do not apply are left out. Secrets are never among them. */
export interface AuditDraft {
  readonly kind: AuditKind;
  /** ISO 8601. */
  readonly at: string;
  /** Of `ended`: the id of the entry that it ends. */
  readonly of?: number | undefined;
  /** Who: kind and id, such as `token:k3Jd81aB`. Left out where nobody knows. */
  readonly by?: string | undefined;
  /** The name that they had. */
  readonly name?: string | undefined;
  /** The role that they had. */
  readonly role?: Role | undefined;
  /** The address that the request came from; left out for the local socket. */
  readonly from?: string | undefined;
  /** The request's id, which its answer carries too. */
  readonly request?: string | undefined;
  /** What was to be done, such as `release.withdraw`; of `refused` a method and a path where it would only have read. */
  readonly action?: string | undefined;
  readonly project?: string | undefined;
  /** What it was to be done to. */
  readonly target?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** `ok`, or the code of the error. */
  readonly code?: string | undefined;
  /** Of `ended`: what was made. */
  readonly made?: string | undefined;
  /** Of `refused`: how many times since the entry before of this kind, where more than once. */
  readonly count?: number | undefined;
}

export interface AuditEntry extends AuditDraft {
  /** 1, 2, 3 and so on, without a gap. */
  readonly id: number;
  /** The hash of the entry before; of the first 64 zeros. */
  readonly previous: string;
}

/** An entry as it is kept. */
export interface AuditRecord {
  readonly id: number;
  /** The entry as JSON: just these characters are hashed. */
  readonly text: string;
  /** SHA-256 of the text, in lower-case hex. */
  readonly hash: string;
}

/** The end of a chain: the number and hash of its last entry. */
export type AuditHead = Pick<AuditRecord, 'id' | 'hash'>;

/** The end of a chain without entries. */
export const NO_ENTRY: AuditHead = { id: 0, hash: '0'.repeat(64) };

/** The SHA-256 of a text in lower-case hex. */
export type Sha256 = (text: string) => string;

/** What is wrong with a chain, and where. */
export interface AuditFault {
  /** The entry at which it shows. */
  readonly id: number;
  /** A sentence. */
  readonly says: string;
}

/** What cannot be seen, or would steer a terminal. JSON may write it as it is; here it does not. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

/** A draft as the next entry of a chain. */
export function sealed(draft: AuditDraft, before: AuditHead, sha256: Sha256): AuditRecord {
  const id = before.id + 1;
  // `undefined` is left out by JSON.
  const json = JSON.stringify({ id, previous: before.hash, ...draft });
  // All of it lies below U+FFFF.
  const text = json.replace(UNPRINTABLE, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return { id, text, hash: sha256(text) };
}

/** The entry in a record that {@link sealed} made. */
export function entryIn({ text }: Pick<AuditRecord, 'text'>): AuditEntry {
  return JSON.parse(text) as AuditEntry;
}

/** Whether a record is the next of its chain; else what is wrong. */
export function faultOf(record: AuditRecord, before: AuditHead, sha256: Sha256): AuditFault | undefined {
  const id = before.id + 1;
  if (sha256(record.text) !== record.hash) {
    return { id, says: `entry ${id} was changed: it does not have its hash` };
  }
  const entry = parsed(record.text);
  if (entry?.id !== id || record.id !== id) {
    return { id, says: `entry ${id} is missing: what stands in its place calls itself ${entry?.id ?? 'nothing'}` };
  }
  if (entry.previous !== before.hash) {
    const says =
      before.id === 0 ? 'entry 1 is not the first of its chain' : `entry ${id} follows another than ${before.id}`;
    return { id, says: `${says}: one of them was replaced` };
  }
  return undefined;
}

/** A record as a line of JSON: the entry with its hash as the last member. */
export function lineOf({ text, hash }: AuditRecord): string {
  return `${text.slice(0, -1)},"hash":"${hash}"}`;
}

const LINE = /^(\{.*),"hash":"([0-9a-f]{64})"\}$/;

/** The record in such a line; `undefined` where it is none. */
export function recordIn(line: string): AuditRecord | undefined {
  const [, text, hash] = LINE.exec(line) ?? [];
  if (text === undefined || hash === undefined) return undefined;
  const { id } = parsed(`${text}}`) ?? {};
  return { id: typeof id === 'number' ? id : 0, text: `${text}}`, hash };
}

function parsed(text: string): Partial<AuditEntry> | undefined {
  try {
    const entry: unknown = JSON.parse(text);
    return typeof entry === 'object' && entry !== null ? entry : undefined;
  } catch {
    return undefined;
  }
}
