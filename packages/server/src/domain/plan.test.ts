import { compareVersions } from '@libfota2/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POLICY, projectOf, releaseOf } from '../../test/samples.ts';
import { planOf } from './plan.ts';

const KEY = 'k'.repeat(32);

describe('a plan', () => {
  it('has the published releases of each firmware, the highest on the wire first', () => {
    const numbers = fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(numbers, (minors) => {
        const releases = minors.map((minor) => releaseOf(`1.${minor}.0`));
        const offered =
          planOf([projectOf()], releases, POLICY).projects.get(KEY)?.firmwares.get('app')?.published ?? [];
        expect(offered).toHaveLength(minors.length);
        for (const [place, release] of offered.entries()) {
          const next = offered[place + 1];
          if (next) expect(compareVersions(release.wireVersion, next.wireVersion)).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('knows no drafts, knows a firmware whose releases are all withdrawn, and no other projects', () => {
    const releases = [
      releaseOf('1.0.0', { state: 'withdrawn' }),
      releaseOf('2.0.0', { state: 'draft' }),
      releaseOf('3.0.0', { state: 'draft', firmwareName: 'unborn' }),
      releaseOf('4.0.0', { project: 'other' }),
    ];
    const firmwares = planOf([projectOf()], releases, POLICY).projects.get(KEY)?.firmwares;
    expect([...(firmwares ?? [])]).toMatchObject([['app', { published: [] }]]);
  });

  it('finds a project by its present key and by every former one', () => {
    const former = ['f'.repeat(32), 'g'.repeat(32)];
    const { projects } = planOf([projectOf({ formerKeys: former })], [], POLICY);
    expect([...projects.keys()]).toEqual([KEY, ...former]);
    expect(new Set(projects.values()).size).toBe(1);
  });
});
