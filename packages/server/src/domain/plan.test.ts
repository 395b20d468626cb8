import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planOf } from './plan.ts';

it('offers the highest version, in whatever order the releases were published', () => {
  const versions = ['1.9.0', '1.10.0', '1.2.30', '0.99'];
  fc.assert(
    fc.property(fc.shuffledSubarray(versions, { minLength: 4 }), (order) => {
      const releases = order.map((version) => ({
        projectKey: 'k',
        firmwareName: 'app',
        version,
        sha256: '',
        size: 1,
        publishedAt: 0,
      }));
      const plan = planOf(
        [{ key: 'k', name: 'sample' }],
        [...releases, { ...releases[0], projectKey: 'gone' } as never],
      );
      expect(plan.get('k')?.get('app')?.version).toBe('1.10.0');
      expect(plan.has('gone')).toBe(false);
    }),
  );
});
