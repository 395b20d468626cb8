import type { QueryFacts } from '@libfota2/protocol';
import type { Circumstances, Device } from './device.ts';

/** What a query can ask of a device that asks just now, or was heard last as it is told here. */
export function factsOf({ id, firmwareName, version }: Device, { access, known, profile }: Circumstances): QueryFacts {
  return {
    id,
    firmware: firmwareName,
    version,
    labels: profile.labels,
    access,
    pinned: profile.pin?.version,
    note: profile.note === '' ? undefined : profile.note,
    seen: known?.lastSeenAt,
    first: known?.firstSeenAt,
    asked: known?.asked,
    rule: known?.rule,
    state: known?.attempt?.state,
    release: known?.attempt?.release,
    deferred: known?.attempt?.deferral && (known.attempt.deferral.until ?? Number.POSITIVE_INFINITY),
    keyring: known?.keyRing || undefined,
  };
}
