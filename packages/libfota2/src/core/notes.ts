import type { Digests } from '@libfota2/protocol';
import type { Kept } from './ports.ts';

/** The last image that was delivered: what its server is asked to compare with (docs/protocol.md §8). */
export interface DeliveredNote {
  /** Digest of the question without the version. */
  readonly resource: string;
  /** The version that the device reported when it asked. */
  readonly version: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly size: number;
  readonly sha256: string;
}

/** An image of which a part is durable: what a later call needs to go on, and to prove that it may. */
export interface SuspendedNote extends Kept {
  /** Digest of the whole question: only the same question may go on. */
  readonly question: string;
  readonly validator: string;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly total: number | undefined;
  readonly digests: Digests;
  /** Base64 SHA-256 of the durable part: a disk that lost or mixed up bytes is found out before they are used. */
  readonly prefix: string;
}

export interface Notes {
  readonly delivered?: DeliveredNote | undefined;
  readonly suspended?: SuspendedNote | undefined;
}

const FORMAT = 1;

export function formatNotes(notes: Notes): string {
  return `${JSON.stringify({ format: FORMAT, ...notes }, undefined, 2)}\n`;
}

/**
 * Reads notes back. Whatever is unreadable counts as absent: the worst that follows is a download from the start, for
 * no byte is used on the word of a note alone.
 */
export function parseNotes(text: string | undefined): Notes {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    return {};
  }
  if (!isRecord(value) || value['format'] !== FORMAT) return {};
  const { delivered, suspended } = value;
  return {
    delivered: isDelivered(delivered) ? delivered : undefined,
    suspended: isSuspended(suspended) ? suspended : undefined,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isTextOrNone = (value: unknown): boolean => value === undefined || isText(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0;

function isDelivered(value: unknown): value is DeliveredNote {
  return (
    isRecord(value) &&
    [value['resource'], value['sha256']].every(isText) &&
    [value['version'], value['etag'], value['lastModified']].every(isTextOrNone) &&
    isCount(value['size'])
  );
}

function isSuspended(value: unknown): value is SuspendedNote {
  return (
    isRecord(value) &&
    [value['question'], value['validator'], value['prefix'], value['token']].every(isText) &&
    [value['etag'], value['lastModified']].every(isTextOrNone) &&
    isCount(value['bytes']) &&
    (value['total'] === undefined || isCount(value['total'])) &&
    isRecord(value['digests']) &&
    Object.values(value['digests']).every(isText)
  );
}
