/** The key ring after a key ring: which keys come, which go. Pure. */
import type { KeyRing, PublicKey } from '@libfota2/protocol';
import { CommandError } from '../failure.ts';

/** Of one kind of keys. */
export interface Change {
  readonly added: readonly PublicKey[];
  /** Their ids, in any case of letters; minisign leaves zeros in front away. */
  readonly removed: readonly string[];
}

export interface KeyChange {
  readonly kind: 'release key' | 'ring key';
  readonly id: string;
  readonly change: 'stays' | 'added' | 'removed';
}

const MOST = 2;

/** @throws CommandError `rotation-refused` */
export function rotated(
  ring: KeyRing,
  wanted: { readonly release: Change; readonly ring: Change },
): { readonly next: KeyRing; readonly changes: readonly KeyChange[] } {
  const release = changed('release key', ring.releaseKeys, wanted.release);
  const own = changed('ring key', ring.ringKeys, wanted.ring);
  const changes = [...release.changes, ...own.changes];
  if (changes.every(({ change }) => change === 'stays')) throw refused('nothing is to be changed');
  const both = release.keys.find(({ id }) => own.keys.some((key) => key.id === id));
  // One key for both would undo what two kinds are for: who has the daily key could replace the owner's.
  if (both !== undefined) throw refused(`the key ${both.id} would be release key and ring key at once`);
  return { next: { ...ring, serial: ring.serial + 1, releaseKeys: release.keys, ringKeys: own.keys }, changes };
}

function changed(
  kind: KeyChange['kind'],
  keys: readonly PublicKey[],
  { added, removed }: Change,
): { readonly keys: readonly PublicKey[]; readonly changes: readonly KeyChange[] } {
  const gone = new Set(removed.map((id) => id.toUpperCase().padStart(16, '0')));
  for (const id of gone) if (!keys.some((key) => key.id === id)) throw refused(`the ring has no ${kind} ${id}`);
  for (const { id } of added)
    if (keys.some((key) => key.id === id)) throw refused(`the ring has the ${kind} ${id} already`);
  const next = [...keys.filter(({ id }) => !gone.has(id)), ...added];
  if (next.length === 0) throw refused(`no ${kind} would be left: nothing could be signed any more`);
  if (next.length > MOST) throw refused(`there would be ${next.length} ${kind}s, and a ring holds two at most`);
  const changes = [
    ...keys.map(({ id }): KeyChange => ({ kind, id, change: gone.has(id) ? 'removed' : 'stays' })),
    ...added.map(({ id }): KeyChange => ({ kind, id, change: 'added' })),
  ];
  return { keys: next, changes };
}

function refused(message: string): CommandError {
  return new CommandError('rotation-refused', message);
}
