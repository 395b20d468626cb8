import { compareVersions } from '@libfota2/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knownOf, MOMENT, POLICY, packageOf, projectOf, releaseOf, rolloutOf } from '../../test/samples.ts';
import { ATTEMPT_STATES, newAttempt } from './attempt.ts';
import { decide, type Moment } from './decide.ts';
import { type Circumstances, STRANGER } from './device.ts';
import { explain } from './explain.ts';
import { type Gate, gateOf, type Plan, type Policy, planOf } from './plan.ts';
import { NO_PROFILE, type Pin } from './profile.ts';
import type { Rollout } from './rollout.ts';
import type { Opening } from './windows.ts';

const OPEN: Opening = { isOpen: true, changesAt: undefined };
const all = (): boolean => true;
const gate = (changes: Partial<Rollout>, isTarget: Gate['isTarget'] = all, opening: Opening = OPEN): Gate =>
  gateOf(rolloutOf({ state: 'running', wave: 2, ...changes }), isTarget, opening);
const releases = ['1.1.0', '1.2.0', '2.0.0'].map((version) => releaseOf(version));
const planned = (gates: readonly Gate[], policy: Partial<Policy> = {}, floors: readonly string[] = []): Plan =>
  planOf(
    [projectOf()],
    releases.map((release) => ({ ...release, isFloor: floors.includes(release.version) })),
    { ...POLICY, ...policy },
    gates,
  );
const asked = { idKind: 'imei', id: '867', projectKey: 'k'.repeat(32), firmwareName: 'app', version: '1.0.0' } as const;
const deciding = (
  plan: Plan,
  circumstances: Partial<Circumstances> = {},
  version = '1.0.0',
  moment: Partial<Moment> = {},
) => decide({ ...asked, version }, plan, () => ({ ...STRANGER, ...circumstances }), { ...MOMENT, ...moment });
const pinned = (version: string, mayDowngrade = false): Partial<Circumstances> => {
  const pin: Pin = { version, mayDowngrade };
  return { profile: { ...NO_PROFILE, pin } };
};
const tried = (release: number, rollout: number, state: 'downloaded' | 'rolled-back' = 'downloaded', wave = 0) => {
  const attempt = { ...newAttempt({ release, rollout, wave, from: '1.0.0', to: '1.1.0' }, 0), state };
  return { known: knownOf({ attempt }) };
};

describe('a release with a rollout', () => {
  it('is for those whom it admits, and says by which wave', () => {
    const decision = deciding(
      planned([gate({ id: 5, release: 200, waves: [{ ids: ['x'] }, { ids: ['867'] }], wave: 1 })]),
    );
    expect(decision).toMatchObject({ answer: 'upgrade', release: { version: '2.0.0' }, rollout: 5, wave: 1 });
  });

  it.each<[string, Gate, string, number]>([
    ['not-targeted', gate({ release: 200 }, () => false), '1.2.0', 27],
    ['not-targeted', gate({ release: 200, waves: [{ ids: ['x'] }] }), '1.2.0', 27],
    ['rollout-scheduled', gate({ release: 200, state: 'scheduled', wave: -1 }), '1.2.0', 27],
    ['later-wave', gate({ release: 200, waves: [{ ids: ['x'] }, { percent: 100 }], wave: 0 }), '1.2.0', 27],
    ['rollout-paused', gate({ release: 200, state: 'paused' }), '1.2.0', 27],
    ['rollout-aborted', gate({ release: 200, state: 'aborted' }), '1.2.0', 27],
    ['outside-window', gate({ release: 200 }, all, { isOpen: false, changesAt: undefined }), '1.2.0', 27],
  ])('%s: it is hidden, and does not hide what is below', (rule, closed, below, code) => {
    expect(deciding(planned([closed]))).toMatchObject({
      answer: 'upgrade',
      release: { version: below },
      rollout: undefined,
    });
    expect(deciding(planned([closed]), {}, '1.2.0')).toMatchObject({ answer: 'refused', rule, code });
  });

  it('is in good hands with one of several rollouts, the oldest that admits the device', () => {
    const gates = [
      gate({ id: 1, release: 200, state: 'paused' }),
      gate({ id: 2, release: 200 }),
      gate({ id: 3, release: 200 }),
    ];
    expect(deciding(planned(gates))).toMatchObject({ rollout: 2 });
  });

  it('keeps who was in, whatever the target says by now', () => {
    const gates = [gate({ id: 4, release: 200, waves: [{ percent: 100 }], wave: 0 }, () => false)];
    expect(deciding(planned(gates), tried(200, 4), '1.2.0')).toMatchObject({ answer: 'upgrade', rollout: 4 });
  });

  it('says when asking again is of use', () => {
    const later = gate({ release: 200 }, all, { isOpen: false, changesAt: 90_500 });
    expect(deciding(planned([later]), {}, '1.2.0')).toMatchObject({ rule: 'outside-window', retryAfterS: 91 });
    const scheduled = gate({ release: 200, state: 'scheduled', wave: -1, startAt: 7 * 24 * 3_600_000 });
    expect(deciding(planned([scheduled]), {}, '1.2.0')).toMatchObject({ retryAfterS: 24 * 3_600 });
  });

  it('is not offered again to a device that went back from it', () => {
    expect(deciding(planned([gate({ id: 4, release: 200 })]), tried(200, 4, 'rolled-back'))).toMatchObject({
      rule: 'rolled-back',
      code: 40,
    });
  });
});

describe('a floor', () => {
  it('is what devices below get, before anything above', () => {
    expect(deciding(planned([], {}, ['1.2.0']))).toMatchObject({ release: { version: '1.2.0' } });
    expect(deciding(planned([], {}, ['1.1.0', '1.2.0']))).toMatchObject({ release: { version: '1.1.0' } });
    expect(deciding(planned([], {}, ['1.2.0']), {}, '1.2.0')).toMatchObject({ release: { version: '2.0.0' } });
  });

  it('holds also where it is withdrawn, and what is below it is still for the device', () => {
    const withdrawn = releaseOf('1.5.0', { isFloor: true, state: 'withdrawn' });
    const plan = planOf([projectOf()], [...releases, withdrawn], POLICY);
    expect(deciding(plan)).toMatchObject({ release: { version: '1.2.0' } });
    expect(deciding(plan, {}, '1.2.0')).toMatchObject({ rule: 'floor', code: 27 });
  });
});

describe('a pinned device', () => {
  const closed = [gate({ release: 110, state: 'paused' })];
  it.each<[string, string, Partial<Circumstances>, object]>([
    [
      'gets its version, past waves and pauses',
      '1.0.0',
      pinned('1.1.0'),
      { release: { version: '1.1.0' }, rollout: undefined },
    ],
    ['gets nothing above', '1.1.0', pinned('1.1.0'), { rule: 'pinned', code: 27 }],
    ['gets nothing while its version is not on offer', '1.0.0', pinned('1.7.0'), { rule: 'pinned' }],
    ['does not go down by itself', '2.0.0', pinned('1.1.0'), { rule: 'pinned' }],
    [
      'goes down where the pin says so',
      '2.0.0',
      pinned('1.1.0', true),
      { rule: 'older-release', release: { version: '1.1.0' } },
    ],
  ])('%s', (_what, version, circumstances, wanted) => {
    expect(deciding(planned(closed), circumstances, version)).toMatchObject(wanted);
  });

  it('passes through a floor on its way', () => {
    expect(deciding(planned([], {}, ['1.2.0']), pinned('2.0.0'))).toMatchObject({ release: { version: '1.2.0' } });
  });

  it('is not offered what was aborted', () => {
    const gates = [gate({ release: 110, state: 'aborted' })];
    expect(deciding(planned(gates), pinned('1.1.0'))).toMatchObject({ rule: 'rollout-aborted' });
  });
});

describe('a rollout that may downgrade', () => {
  const down = gate({ id: 9, release: 110, mayDowngrade: true, waves: [{ percent: 100 }], wave: 0 });
  it.each([
    ['2.0.0', { rule: 'older-release', release: { version: '1.1.0' }, rollout: 9 }],
    ['1.1.0', { rule: 'held-back', code: 27 }],
    ['1.0.0', { rule: 'newer-release', release: { version: '1.1.0' } }],
  ])('takes a device on %s there, and keeps it there', (version, wanted) => {
    expect(deciding(planned([down]), {}, version)).toMatchObject(wanted);
  });

  it('says nothing to others, and nothing once it is aborted', () => {
    const others = gateOf(down.rollout, () => false, OPEN);
    expect(deciding(planned([others]), {}, '1.2.0')).toMatchObject({ release: { version: '2.0.0' } });
    const aborted = gate({ ...down.rollout, state: 'aborted' });
    expect(deciding(planned([aborted]), {}, '1.1.0')).toMatchObject({ release: { version: '2.0.0' } });
  });
});

describe('what is too much', () => {
  it('is refused while all upgrades are stopped', () => {
    expect(deciding(planned([], { stopped: 'fire' }))).toMatchObject({ rule: 'stopped', code: 27 });
    expect(deciding(planned([], { stopped: 'fire' }), {}, '2.0.0')).toMatchObject({ rule: 'newest' });
  });

  const limits = { downloads: 2, bytesPerHour: 20, bytesPerDevicePerDay: 9 };
  const size = packageOf('2.0.0').size;
  it.each([
    ['downloads', { downloads: 2, bytesLastHour: 0 }, undefined, 'downloads', 60],
    ['bytes an hour', { downloads: 0, bytesLastHour: 21 - size }, undefined, 'bytesPerHour', 600],
    [
      'bytes a device',
      { downloads: 0, bytesLastHour: 0 },
      { bytes: 10 - size, since: 0 },
      'bytesPerDevicePerDay',
      3_600,
    ],
    ['nothing', { downloads: 1, bytesLastHour: 20 - size }, { bytes: 9 - size, since: 0 }, undefined, undefined],
  ] as const)(
    'over the limit of %s is put off, of the server and of a rollout alike',
    (_of, used, spent, limit, retryAfterS) => {
      const known = knownOf({ spent });
      const wanted = limit === undefined ? { answer: 'upgrade' } : { rule: 'limit', code: 43, limit, retryAfterS };
      const usage = (): typeof used => used;
      expect(deciding(planned([], { limits }), { known }, '1.0.0', { usage })).toMatchObject(wanted);
      expect(deciding(planned([gate({ release: 200, limits })]), { known }, '1.0.0', { usage })).toMatchObject(wanted);
    },
  );

  it('is not a package that alone is more than an hour may have', () => {
    expect(deciding(planned([], { limits: { ...limits, bytesPerHour: 1 } }))).toMatchObject({ answer: 'upgrade' });
  });
});

it('gives every device in every state exactly one answer, with reasons, and never what was withdrawn or aborted', () => {
  const states = fc.constantFrom('scheduled', 'running', 'paused', 'complete', 'aborted');
  const gates = fc.array(
    fc.record({
      release: fc.constantFrom(110, 120, 200),
      state: states,
      wave: fc.integer({ min: -1, max: 2 }),
      mayDowngrade: fc.boolean(),
      isTarget: fc.boolean(),
      isOpen: fc.boolean(),
    }),
    { maxLength: 4 },
  );
  const device = fc.record({
    version: fc.constantFrom('0.9', '1.0.0', '1.1.0', '1.2.0', '2.0.0', '3', 'x'),
    access: fc.constantFrom('default', 'blocked', 'allowed'),
    pin: fc.option(fc.record({ version: fc.constantFrom('1.1.0', '2.0.0', '7'), mayDowngrade: fc.boolean() }), {
      nil: undefined,
    }),
    state: fc.option(fc.constantFrom(...ATTEMPT_STATES), { nil: undefined }),
    release: fc.constantFrom(110, 120, 200),
    rollout: fc.integer({ min: 1, max: 4 }),
  });
  const around = fc.record({
    withdrawn: fc.subarray([110, 120, 200]),
    floors: fc.subarray(['1.1.0', '1.2.0']),
    stopped: fc.constantFrom(undefined, 'fire'),
    downloads: fc.nat(1),
  });
  fc.assert(
    fc.property(gates, device, around, (all, of, { withdrawn, floors, stopped, downloads }) => {
      const made = all.map(({ isTarget, isOpen, ...rollout }, place) =>
        gateOf(rolloutOf({ ...rollout, id: place + 1 }), () => isTarget, {
          isOpen,
          changesAt: isOpen ? undefined : 9_000,
        }),
      );
      const known = releases.map((release) => ({
        ...release,
        isFloor: floors.includes(release.version),
        state: withdrawn.includes(release.id) ? ('withdrawn' as const) : ('published' as const),
      }));
      const plan = planOf(
        [projectOf()],
        known,
        { ...POLICY, stopped, limits: { ...POLICY.limits, downloads: 1 } },
        made,
      );
      const wanted = { release: of.release, rollout: of.rollout, wave: 0, from: '1.0.0', to: '1.1.0' };
      const attempt = of.state && { ...newAttempt(wanted, 0), state: of.state };
      const circumstances: Circumstances = {
        access: of.access,
        hasRoom: true,
        known: knownOf({ attempt }),
        profile: { ...NO_PROFILE, pin: of.pin },
      };
      const moment = { now: 0, usage: () => ({ downloads, bytesLastHour: 0 }) };
      const decision = decide({ ...asked, version: of.version }, plan, () => circumstances, moment);
      expect(decide({ ...asked, version: of.version }, plan, () => circumstances, moment)).toEqual(decision);
      const { steps } = explain({ ...asked, version: of.version }, plan, circumstances, decision, 0);
      expect(steps.length).toBeGreaterThan(0);
      expect(steps.filter(({ decided }) => decided)).toHaveLength(1);
      expect(steps.at(-1)?.rule).toBe(decision.rule);
      for (const { says } of steps) expect(says).toMatch(/^[^\n]{10,}\.$/u);
      expect(JSON.stringify(steps)).not.toMatch(/undefined|\?"/);
      if (decision.answer === 'refused') return;
      const { release } = decision;
      expect([stopped, downloads, of.access === 'blocked', withdrawn.includes(release.id)]).toEqual([
        undefined,
        0,
        false,
        false,
      ]);
      const ofIt = made.filter(({ rollout }) => rollout.release === release.id);
      if (ofIt.length > 0) expect(ofIt.some(({ rollout }) => rollout.state !== 'aborted')).toBe(true);
      const floor = floors.find((version) => compareVersions(version, of.version) > 0);
      if (floor !== undefined) expect(compareVersions(release.version, floor)).toBeLessThanOrEqual(0);
      if (compareVersions(release.version, of.version) > 0) return;
      const mayGoDown =
        of.pin?.mayDowngrade === true ||
        made.some(({ rollout }) => rollout.id === decision.rollout && rollout.mayDowngrade);
      expect(mayGoDown).toBe(true);
    }),
    { numRuns: process.env['PROVE'] === undefined ? 500 : 20_000 },
  );
});
