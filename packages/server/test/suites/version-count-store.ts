import { expect, it } from 'vitest';
import type { HourlyCount, VersionCountStore } from '../../src/ports/version-counts.ts';

/** A store, and the same opened again as after a restart. */
export interface VersionCountsUnderTest {
  readonly store: VersionCountStore;
  reopened(): Promise<VersionCountStore>;
}

const HOUR = 3_600_000;
const EVER = [0, Number.MAX_SAFE_INTEGER] as const;

/** What every `VersionCountStore` owes to the use cases. `make` takes of how many hours counts are kept. */
export function testVersionCountStore(make: (hoursKept: number) => Promise<VersionCountsUnderTest>): void {
  const countOf = (changes: Partial<HourlyCount> = {}): HourlyCount => ({
    hour: HOUR,
    project: 'p',
    firmwareName: 'app',
    version: '1.0.0',
    devices: 2,
    seen: 1,
    ...changes,
  });

  it('counts come back in the order of hour, firmware and version, those of an hour as they were kept last', async () => {
    const { store, reopened } = await make(9);
    await store.keep(HOUR, [countOf({ version: '0.9' }), countOf({ devices: 7 })]);
    const first = [
      countOf({ version: '1.0.0', devices: 3, seen: 0 }),
      countOf({ version: '1.1.0', devices: 2 ** 40 }),
      countOf({ firmwareName: '固件', version: '' }),
    ];
    const other = countOf({ project: 'q' });
    await store.keep(HOUR, [other, ...first.toReversed()]);
    const third = [countOf({ hour: 3 * HOUR })];
    await store.keep(3 * HOUR, third);
    const every = { project: 'p', firmwareName: undefined, hours: [3 * HOUR, HOUR, 2 * HOUR] };
    for (const one of [store, await reopened()]) {
      expect(await one.counts(every)).toEqual([...first, ...third]);
      expect(await one.counts({ ...every, project: 'q' })).toEqual([other]);
      expect(await one.counts({ ...every, firmwareName: '固件' })).toEqual(first.slice(2));
      expect(await one.counts({ ...every, hours: [3 * HOUR] })).toEqual(third);
      expect(await one.counts({ ...every, hours: [] })).toEqual([]);
    }
  });

  it('an hour is known to be counted, also where there was nothing to count', async () => {
    const { store, reopened } = await make(9);
    for (const hour of [3 * HOUR, HOUR, 3 * HOUR]) await store.keep(hour, []);
    for (const one of [store, await reopened()]) {
      expect(await one.hours(...EVER)).toEqual([HOUR, 3 * HOUR]);
      expect(await one.hours(HOUR, 3 * HOUR)).toEqual([HOUR, 3 * HOUR]);
      expect(await one.hours(HOUR + 1, 3 * HOUR - 1)).toEqual([]);
    }
  });

  it('only so many hours are kept, the newest: one of a wrong clock costs one, not all', async () => {
    const { store, reopened } = await make(4);
    const keep = (number: number) => store.keep(number * HOUR, [countOf({ hour: number * HOUR })]);
    for (const number of [1, 2, 3, 900_000, 4, 5]) await keep(number);
    const left = [3, 4, 5, 900_000].map((number) => number * HOUR);
    const hours = [1, 2, ...left.map((hour) => hour / HOUR)].map((number) => number * HOUR);
    for (const one of [store, await reopened()]) {
      expect(await one.hours(...EVER)).toEqual(left);
      const counts = await one.counts({ project: 'p', firmwareName: undefined, hours });
      expect(counts.map(({ hour }) => hour)).toEqual(left);
    }
  });
}
