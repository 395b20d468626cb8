import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordOf } from '../../test/suites/samples.ts';
import { DAY, fakeTime, MINUTE } from '../../test/suites/world.ts';
import { memoryVersionCounts } from '../adapters/memory/version-counts.ts';
import { FotaServerError } from '../domain/errors.ts';
import type { DeviceRecord } from '../ports.ts';
import { createVersionCounts } from './version-counts.ts';

const HOUR = 60 * MINUTE;

function made(records: DeviceRecord[] = []) {
  const time = fakeTime();
  const problems: unknown[] = [];
  let isFull = false;
  const store = memoryVersionCounts(400 * 24);
  const failing: typeof store = {
    ...store,
    keep: async (...args) => {
      if (isFull) throw new FotaServerError('disk-full', 'no room is left');
      await store.keep(...args);
    },
  };
  const { now, later } = time;
  const versions = createVersionCounts({
    store: failing,
    records: () => records,
    now,
    later,
    onProblem: (problem) => problems.push(problem),
  });
  const ever = { project: 'p', firmwareName: undefined, from: 0, to: Number.MAX_SAFE_INTEGER, stepHours: 1 };
  return {
    time,
    versions,
    records,
    problems,
    store,
    history: (changes: Partial<Parameters<typeof versions.history>[0]> = {}) =>
      versions.history({ ...ever, ...changes }),
    setFull: (is: boolean) => {
      isFull = is;
    },
  };
}

describe('counting', () => {
  it('happens at once and at the beginning of each hour, until it is closed', async () => {
    const { time, versions, records, history } = made();
    time.jump(20 * MINUTE);
    const begin = time.now() - 20 * MINUTE;
    versions.start();
    await time.pass(0);
    records.push(recordOf({ version: '1.0.0' }));
    await time.pass(40 * MINUTE - 1);
    expect(await history()).toMatchObject({ hours: [begin], series: [] });
    await time.pass(1);
    records.push(recordOf({ id: '868', version: '1.0.0' }), recordOf({ id: '869', version: '1.1.0' }));
    await time.pass(HOUR);
    expect(await history()).toMatchObject({
      hours: [begin, begin + HOUR, begin + 2 * HOUR],
      series: [
        { firmwareName: 'app', version: '1.0.0', devices: [0, 1, 2] },
        { firmwareName: 'app', version: '1.1.0', devices: [0, 0, 1] },
      ],
    });
    await versions.close();
    await time.pass(DAY);
    expect((await history()).hours).toHaveLength(3);
  });

  it('tells whom of them was heard of within the day', async () => {
    const { time, versions, records, history } = made();
    const ages = [0, DAY, DAY + 1, 9 * DAY];
    records.push(...ages.map((age, id) => recordOf({ id: String(id), lastSeenAt: time.now() - age })));
    await versions.count();
    expect((await history()).series).toMatchObject([{ devices: [4], seen: [2] }]);
  });

  it('of an hour that comes twice the later counts stay, and hours that the clock leaps over are missing', async () => {
    const { time, versions, records, history } = made([recordOf()]);
    const begin = time.now();
    versions.start();
    await time.pass(HOUR);
    time.jump(-HOUR);
    records.push(recordOf({ id: '868' }));
    await time.pass(HOUR);
    expect(await history()).toMatchObject({ hours: [begin, begin + HOUR], series: [{ devices: [1, 2] }] });
    time.jump(5 * HOUR);
    await time.pass(HOUR);
    expect((await history()).hours).toEqual([begin, begin + HOUR, begin + 7 * HOUR]);
  });

  it('goes on after an hour that could not be kept, which is told', async () => {
    const { time, versions, problems, history, setFull } = made([recordOf()]);
    setFull(true);
    versions.start();
    await time.pass(HOUR);
    expect(problems).toMatchObject([{ code: 'disk-full' }, { code: 'disk-full' }]);
    setFull(false);
    await time.pass(HOUR);
    expect((await history()).hours).toEqual([time.now()]);
  });

  it('lets everybody else have a turn, and does not keep what closing has broken off', async () => {
    const fleet = Array.from({ length: 30_000 }, (_, id) => recordOf({ id: String(id) }));
    const whole = made(fleet);
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (turns < 100) setImmediate(turn);
    };
    setImmediate(turn);
    const counted = whole.versions.count();
    await whole.time.pass(0);
    await counted;
    expect(turns).toBeGreaterThanOrEqual(6);
    expect((await whole.history()).series).toMatchObject([{ devices: [30_000] }]);

    const broken = made(fleet);
    broken.versions.start();
    const closed = broken.versions.close();
    await broken.time.pass(0);
    await closed;
    expect((await broken.history()).hours).toEqual([]);
  });

  it('loses no device, whatever they tell: those of rare versions are counted together', async () => {
    const version = fc.oneof(fc.constantFrom('1.0.0', '1.1.0', '*', ''), fc.nat(200).map(String));
    const devices = fc.record({ project: fc.constantFrom('p', 'q'), firmwareName: fc.constantFrom('a', 'b'), version });
    await fc.assert(
      fc.asyncProperty(fc.array(devices, { maxLength: 300 }), async (all) => {
        const { versions, history } = made(all.map((one, id) => recordOf({ ...one, id: String(id), lastSeenAt: 0 })));
        await versions.count();
        const { series } = await history();
        const sum = series.flatMap((one) => one.devices).reduce((a, b) => a + b, 0);
        expect(sum).toBe(all.filter(({ project }) => project === 'p').length);
        for (const name of ['a', 'b']) {
          expect(series.filter(({ firmwareName }) => firmwareName === name).length).toBeLessThanOrEqual(51);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('a history', () => {
  const HOURS = 1_000;
  async function counted() {
    const under = made();
    const begin = under.time.now();
    for (let hour = 0; hour < HOURS; hour += 1) {
      const count = { project: 'p', firmwareName: 'app', version: '1.10', devices: hour, seen: 0 };
      await under.store.keep(begin + hour * HOUR, [count, { ...count, version: '1.9' }]);
    }
    return { ...under, begin };
  }

  it('is as fine as is asked for, else about two hundred points: of each step the last hour', async () => {
    const { history, begin } = await counted();
    expect(await history({ stepHours: 1 })).toMatchObject({ stepHours: 1, hours: { length: HOURS } });
    const coarse = await history({ stepHours: undefined });
    expect(coarse.stepHours).toBe(5);
    expect(coarse.hours.length).toBeLessThanOrEqual(201);
    expect(coarse.hours.at(-1)).toBe(begin + (HOURS - 1) * HOUR);
    expect(coarse.series[0]?.devices).toEqual(coarse.hours.map((hour) => (hour - begin) / HOUR));
    const day = await history({ from: begin + 24 * HOUR, to: begin + 48 * HOUR, stepHours: undefined });
    expect(day).toMatchObject({ stepHours: 1, hours: { length: 25 } });
  });

  it('has the versions in the order of versions', async () => {
    const { history } = await counted();
    expect((await history()).series.map(({ version }) => version)).toEqual(['1.9', '1.10']);
    expect((await history({ firmwareName: 'other' })).series).toEqual([]);
    expect((await history({ project: 'q' })).series).toEqual([]);
  });
});
