import { createHash } from 'node:crypto';
import { wireVersion } from '@libfota2/protocol';
import type { Project, Release, ReleasePackage } from '../src/domain/catalogue.ts';
import type { Moment } from '../src/domain/decide.ts';
import type { Known } from '../src/domain/device.ts';
import type { Inspection } from '../src/domain/inspection.ts';
import { NO_USAGE } from '../src/domain/limits.ts';
import type { Policy } from '../src/domain/plan.ts';
import { NO_LIMITS, type Rollout } from '../src/domain/rollout.ts';
import { ROLLOUT_DEFAULTS } from '../src/domain/rollout-spec.ts';

/** A project as it is made by default. */
export function projectOf(change: Partial<Project> = {}): Project {
  const plain = { name: 'sample', key: 'k'.repeat(32), formerKeys: [], createdAt: 0 } as const;
  return { ...plain, registration: 'open', refusals: 'json', ...change };
}

/** A package whose hash depends on `content`. */
export function packageOf(content: string, source = 'any'): ReleasePackage {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { sha256, size: 1 + content.length, source, fileName: '', format: 'opaque' };
}

/** A published release of the firmware `app` with one package for any core. */
export function releaseOf(version: string, change: Partial<Release> = {}): Release {
  return {
    id: Number(version.replaceAll('.', '')),
    project: 'sample',
    firmwareName: 'app',
    version,
    core: undefined,
    wireVersion: wireVersion(version, change.core === undefined ? undefined : `V${change.core}`),
    state: 'published',
    notes: '',
    isFloor: false,
    packages: [packageOf(version)],
    createdAt: 0,
    publishedAt: 0,
    withdrawnAt: undefined,
    ...change,
  };
}

/** What inspection says of bytes that nobody knows. */
export const OPAQUE: Inspection = {
  format: 'opaque',
  kind: 'unknown',
  needsSourceCore: false,
  facts: [],
  warnings: [],
};

/** What holds where nothing else is said. */
export const POLICY: Policy = { deliveriesPerDay: 6, limits: NO_LIMITS, stopped: undefined };

/** A moment in which nothing is downloaded. */
export const MOMENT: Moment = { now: 0, usage: () => NO_USAGE };

/** A device that asked once. */
export function knownOf(changes: Partial<Known> = {}): Known {
  const plain = { firstSeenAt: 0, lastSeenAt: 0, asked: 1, rule: 'newest' } as const;
  return { ...plain, deliveries: undefined, attempt: undefined, spent: undefined, keyRing: 0, ...changes };
}

/** A rollout that has not begun, of release 110 of the firmware `app`, in three waves. */
export function rolloutOf(changes: Partial<Rollout> = {}): Rollout {
  return {
    ...ROLLOUT_DEFAULTS,
    id: 1,
    project: 'sample',
    firmwareName: 'app',
    release: 110,
    state: 'scheduled',
    wave: -1,
    waveOpenedAt: undefined,
    why: '',
    accepted: [],
    createdAt: 0,
    startedAt: undefined,
    changedAt: 0,
    endedAt: undefined,
    ...changes,
  };
}
