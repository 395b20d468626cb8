import { createHash } from 'node:crypto';
import { wireVersion } from '@libfota2/protocol';
import type { Project, Release, ReleasePackage } from '../src/domain/catalogue.ts';
import type { Inspection } from '../src/domain/inspection.ts';

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
