import { describe, expect, it } from 'vitest';
import { POLICY, packageOf, projectOf, releaseOf, rolloutOf } from '../../test/samples.ts';
import { signed } from '../../test/trust.ts';
import type { Release } from './catalogue.ts';
import { expiriesIn } from './expiry.ts';
import { type Gate, gateOf, planOf } from './plan.ts';
import type { Rollout } from './rollout.ts';

const DAY = 86_400_000;
const OPEN = { isOpen: true, changesAt: undefined };
const NOW = 1_800_000_000_000;

/** A release that may be taken for so many days more. */
function ending(version: string, days: number | undefined, changes: Partial<Release> = {}): Release {
  const notAfter = days === undefined ? undefined : (NOW + days * DAY) / 1_000;
  const signature = signed(new Uint8Array([1]), { version, notAfter });
  return { ...releaseOf(version), packages: [{ ...packageOf(version), signature }], ...changes };
}

function found(releases: readonly Release[], gates: readonly Gate[] = []): string[] {
  const plan = planOf([projectOf({ formerKeys: ['f'.repeat(32)] })], releases, POLICY, gates);
  return expiriesIn(plan, NOW).map(({ release, hasPassed }) => `${release.version}${hasPassed ? ' has passed' : ''}`);
}

describe('the end of a release', () => {
  it.each([
    [14, ['1.1.0']],
    [15, []],
    [0, ['1.1.0']],
    [-1, ['1.1.0 has passed']],
    [undefined, []],
  ])('is told fourteen days ahead: in %s days', (days, told) => {
    expect(found([ending('1.1.0', days)])).toEqual(told);
  });

  it('is that of the package that ends first, and of none that is not signed, or cannot be read', () => {
    const [soon, never] = [ending('1.1.0', 2).packages, ending('1.1.0', undefined).packages];
    expect(found([ending('1.1.0', 90, { packages: [...never, ...soon] })])).toEqual(['1.1.0']);
    const unread = [packageOf('1.1.0'), { ...packageOf('1.1.0'), signature: 'nonsense' }];
    expect(found([ending('1.1.0', 1, { packages: unread })])).toEqual([]);
  });

  it('is told of what anybody may be offered, once and the first end first, and not of what nobody gets any more', () => {
    const releases = [
      ending('1.0.0', 1, { isFloor: true }),
      ending('1.1.0', 2),
      ending('1.2.0', 3),
      ending('2.0.0', 5),
      ending('2.1.0', 4),
    ];
    expect(found(releases)).toEqual(['1.0.0', '2.1.0']);
    const rolled = (version: string, changes: Partial<Rollout> = {}): Gate =>
      gateOf(rolloutOf({ release: releaseOf(version).id, state: 'running', wave: 0, ...changes }), () => true, OPEN);
    expect(found(releases, [rolled('2.1.0'), rolled('2.0.0', { id: 2 })])).toEqual([
      '1.0.0',
      '1.2.0',
      '2.1.0',
      '2.0.0',
    ]);
    expect(found(releases, [rolled('2.1.0', { state: 'aborted' })])).toEqual(['1.0.0', '2.0.0']);
    expect(
      found([ending('1.0.0', 1, { isFloor: true, state: 'withdrawn' }), ending('3.0.0', 1, { state: 'draft' })]),
    ).toEqual([]);
  });
});
