import { describe, expect, it } from 'vitest';
import { knownOf, POLICY, projectOf, releaseOf, rolloutOf } from '../../test/samples.ts';
import type { Device } from './device.ts';
import { type Forecast, forecaster, forecastOf, waveTimes } from './forecast.ts';
import { gateOf, planOf } from './plan.ts';
import { NO_PROFILE } from './profile.ts';

const HOUR = 3_600_000;
const now = Date.parse('2026-11-25T12:00:00Z');
const lookup = () => ({ access: 'default' as const, hasRoom: true, known: knownOf(), profile: NO_PROFILE });
const device = (id: string, version = '1.0.0'): Device => ({
  project: 'sample',
  firmwareName: 'app',
  idKind: 'imei',
  id,
  version,
});
const release = releaseOf('1.1.0', { state: 'draft' });
const rollout = rolloutOf({ waves: [{ ids: ['a'] }, { ids: ['b', 'c'] }] });

describe('a forecast', () => {
  const ask = forecaster(
    { rollout, release, isTarget: ({ id }) => id !== 'c' },
    planOf([projectOf()], [releaseOf('1.0.0')], { ...POLICY, stopped: 'x' }),
  );
  const of = (id: string, version?: string): Forecast => ask(device(id, version), lookup, now);

  it('says for each device by which wave it would get the release, or why not', () => {
    expect(of('a')).toMatchObject({ gets: true, wave: 0 });
    expect(of('b')).toMatchObject({ gets: true, wave: 1 });
    expect(of('c')).toEqual({ gets: false, why: 'not-targeted' });
    expect(of('a', '1.1.0')).toEqual({ gets: false, why: 'runs-it' });
  });

  it('knows of a higher release that the device would get instead', () => {
    const plan = planOf([projectOf()], [releaseOf('2.0.0')], POLICY);
    expect(forecaster({ rollout, release, isTarget: () => true }, plan)(device('a'), lookup, now)).toEqual({
      gets: false,
      why: 'another-release',
    });
  });

  it('knows the other rollouts of the release', () => {
    const other = gateOf(rolloutOf({ id: 0, state: 'running', wave: 0, waves: [{ percent: 100 }] }), () => true, {
      isOpen: true,
      changesAt: undefined,
    });
    const plan = planOf([projectOf()], [releaseOf('1.1.0')], POLICY, [other]);
    expect(forecaster({ rollout, release, isTarget: () => true }, plan)(device('a'), lookup, now)).toMatchObject({
      gets: false,
    });
  });

  it('adds up what each wave would do, and the others by reason', () => {
    const { waves, others } = forecastOf(
      { ...rollout, limits: { ...rollout.limits, bytesPerHour: 3 } },
      [of('a'), of('b'), of('c')],
      now,
    );
    expect(waves).toMatchObject([
      { devices: 1, bytes: 6, atLeastMs: 0 },
      { devices: 1, bytes: 6 },
    ]);
    expect(others).toEqual({ 'not-targeted': 1 });
  });
});

describe('the times of waves', () => {
  it('are a soak time apart, from the start on', () => {
    const times = waveTimes(rolloutOf({ startAt: now + HOUR, soakMs: 2 * HOUR }), now);
    expect(times.map((at) => (at - now) / HOUR)).toEqual([1, 3, 5]);
  });

  it('go on from the wave that is open', () => {
    const times = waveTimes(rolloutOf({ state: 'running', wave: 1, waveOpenedAt: now - HOUR, soakMs: 2 * HOUR }), now);
    expect(times.map((at) => (at - now) / HOUR)).toEqual([0, 0, 1]);
  });

  it('wait for the window to open', () => {
    const windows = [{ days: [1, 2, 3, 4, 5, 6, 7], from: 22 * 60, to: 6 * 60 }];
    const times = waveTimes(rolloutOf({ windows, soakMs: 12 * HOUR }), now);
    expect(times.map((at) => (at - now) / HOUR)).toEqual([10, 12, 34]);
  });
});
