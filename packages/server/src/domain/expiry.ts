/** Until when what is on offer may be taken, by what its signatures say (docs/protocol.md §13.2). */
import { parseManifest, parseSignature } from '@libfota2/protocol';
import { isLive, type Release, type ReleasePackage } from './catalogue.ts';
import type { FirmwarePlan, Plan } from './plan.ts';

/** A release on offer whose time ends soon, or has ended. */
export interface Expiry {
  readonly release: Release;
  /** Milliseconds since 1970: the first of its packages may be taken until then. */
  readonly at: number;
  readonly hasPassed: boolean;
}

/** So long before the end it is told: enough for whoever has the key to sign again. */
const AHEAD_MS = 14 * 24 * 3_600_000;

/** What ends within 14 days, or has ended, the first end first. `now`: milliseconds since 1970. */
export function expiriesIn({ projects }: Plan, now: number): readonly Expiry[] {
  // A project stands there once for each of its keys.
  const firmwares = [...new Set(projects.values())].flatMap((project) => [...project.firmwares.values()]);
  return firmwares
    .flatMap(offeredBy)
    .flatMap((release) => {
      const at = Math.min(...release.packages.map(endOf));
      return at <= now + AHEAD_MS ? [{ release, at, hasPassed: at < now }] : [];
    })
    .toSorted((a, b) => a.at - b.at);
}

/** The releases that anybody may be offered: down to the first that is for all, and those that devices must pass through. */
function offeredBy({ published, floors, gates }: FirmwarePlan): readonly Release[] {
  const forAll = published.findIndex(({ id }) => !gates.has(id));
  const upper = forAll < 0 ? published : published.slice(0, forAll + 1);
  const isOffered = ({ id }: Release): boolean =>
    gates.get(id)?.some(({ rollout }) => rollout.state !== 'aborted') !== false;
  return [...new Set([...upper.filter(isOffered), ...floors.filter(isLive)])];
}

/** Milliseconds since 1970 in which the last second ends; infinite where there is no end, or it cannot be read. */
function endOf({ signature }: ReleasePackage): number {
  if (signature === undefined) return Number.POSITIVE_INFINITY;
  try {
    const { notAfter = Number.POSITIVE_INFINITY } = parseManifest(parseSignature(signature).trustedComment);
    return notAfter * 1_000;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
