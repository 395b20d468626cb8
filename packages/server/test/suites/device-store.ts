import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Access } from '../../src/domain/decide.ts';
import type {
  DeviceFilter,
  DeviceGroup,
  DeviceListing,
  DeviceStore,
  LogFilter,
  StoredLogEntry,
} from '../../src/ports.ts';
import { deviceOf, entryOf, groupOf, NO_FILTER, pagedThrough, recordOf } from './samples.ts';

const RUNS = process.env['PROVE'] === undefined ? 10 : 200;

/** A store, and the same opened again as after a restart. */
export interface DevicesUnderTest {
  readonly store: DeviceStore;
  reopened(): Promise<DeviceStore>;
}

const EVERYTHING = { limit: 1_000, cursor: undefined };

/** What every `DeviceStore` owes to the use cases. `make` takes how many log entries are kept. */
export function testDeviceStore(make: (logLimit?: number) => Promise<DevicesUnderTest>): void {
  const test = (name: string, work: (under: DevicesUnderTest) => Promise<void>): void => {
    it(name, async () => work(await make()));
  };

  test('records and words come back as they were written last', async ({ store, reopened }) => {
    const sent = {
      release: 4,
      version: '1.1.0',
      sha256: 'a'.repeat(64),
      size: 2 ** 40,
      at: 7,
      told: '1.0.0',
      doubtfulUntil: 9,
    };
    const full = recordOf({
      sent,
      deliveries: { sha256: sent.sha256, version: '1.0.0', count: 2, takenBack: 1, since: 7 },
      reported: '0123456789abcdef fedcba9876543210',
      keyRing: 999_999_999,
    });
    const other = recordOf({ firmwareName: '固件 #1', id: 'ÄÖ 8', idKind: 'uid', version: '' });
    await store.write(groupOf({ records: [recordOf(), other] }), 'kill');
    await store.write(groupOf({ records: [full] }), 'power-cut');
    const word = { project: 'p', id: '867', access: 'blocked' as const, at: 3 };
    const silent = { project: 'p', id: 'silent', access: 'allowed' as const, at: 4 };
    await store.write(groupOf({ access: [silent, { ...word, access: 'allowed' }, word] }), 'power-cut');
    for (const one of [store, await reopened()]) {
      expect(sorted(await collected(one))).toEqual(sorted([full, other]));
      expect(sorted(await one.accesses())).toEqual(sorted([word, silent]));
    }
    await store.write(groupOf({ access: [{ ...word, access: 'default' }], records: [recordOf()] }), 'kill');
    const again = await reopened();
    expect(await again.accesses()).toEqual([silent]);
    expect(sorted(await collected(again))).toEqual(sorted([recordOf(), other]));
  });

  test('a device that is forgotten is gone with its word, and the same group may begin anew', async (under) => {
    const { store, reopened } = under;
    const word = { project: 'p', id: '867', access: 'blocked' as const, at: 3 };
    const others = [recordOf({ id: '8671' }), recordOf({ project: 'q' })];
    const records = [recordOf(), recordOf({ firmwareName: 'other' }), ...others];
    const words = [
      { ...word, id: '86' },
      { ...word, project: 'q' },
    ];
    await store.write(groupOf({ records, access: [word, ...words], log: [entryOf()] }), 'kill');
    await store.write(groupOf({ forgotten: [{ project: 'p', id: '867' }] }), 'power-cut');
    for (const one of [store, await reopened()]) {
      expect(sorted(await collected(one))).toEqual(sorted(others));
      expect(sorted(await one.accesses())).toEqual(sorted(words));
      expect((await one.log(NO_FILTER, EVERYTHING)).items).toHaveLength(1);
    }
    const anew = recordOf({ project: 'q', asked: 1 });
    await store.write(groupOf({ forgotten: [{ project: 'q', id: '867' }], records: [anew] }), 'kill');
    expect(sorted(await collected(await reopened()))).toEqual(sorted([recordOf({ id: '8671' }), anew]));
  });

  test('of a group all is kept, or nothing', async ({ store, reopened }) => {
    await store.write(groupOf({ records: [recordOf()], log: [entryOf()] }), 'kill');
    const before = await everything(store);
    const spoilt = (): never => {
      throw new Error('this one cannot be kept');
    };
    const good = groupOf({
      records: [recordOf({ asked: 99 }), recordOf({ id: 'new' })],
      access: [{ project: 'p', id: '867', access: 'blocked', at: 1 }],
      log: [entryOf({ code: 3 })],
      forgotten: [{ project: 'p', id: '867' }],
    });
    const bad: DeviceGroup[] = [
      { ...good, records: [...good.records, Object.defineProperty({ ...recordOf() }, 'id', { get: spoilt })] },
      {
        ...good,
        access: [
          ...good.access,
          Object.defineProperty({ project: 'p', id: 'x', access: 'blocked' as const, at: 1 }, 'id', { get: spoilt }),
        ],
      },
      {
        ...good,
        log: [...good.log, Object.defineProperty({ ...entryOf() }, 'event', { get: spoilt, enumerable: true })],
      },
    ];
    for (const group of bad) await expect(store.write(group, 'power-cut')).rejects.toThrow('cannot be kept');
    expect(await everything(store)).toEqual(before);
    expect(await everything(await reopened())).toEqual(before);
    await store.write(good, 'kill');
    expect(await store.log(NO_FILTER, EVERYTHING)).toMatchObject({ items: [{ code: 3 }, { code: 27 }] });
  });

  describe('lists', () => {
    const words = fc.constantFrom('', 'a', 'b', 'ab', 'a b', '固', '🚀', 'ÿ');
    const names = words.filter((word) => word !== '');
    const accesses = fc.constantFrom<Access>('default', 'blocked', 'allowed');
    const devices = fc.array(fc.record({ project: names, id: names, firmwareName: words }), { maxLength: 30 });
    const said = fc.array(fc.record({ project: names, id: names, access: accesses }), { maxLength: 10 });
    const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
    const filters = fc.record({
      project: maybe(names),
      within: maybe(fc.array(names, { maxLength: 4 })),
      firmwareName: maybe(words),
      access: maybe(accesses),
      idPrefix: maybe(words),
    });
    const limits = fc.integer({ min: 1, max: 7 });

    it('put together, the pages are the whole list of those that fit, each device once a firmware', async () => {
      await fc.assert(
        fc.asyncProperty(devices, said, filters, limits, async (asked, spoken, filter, limit) => {
          const { store } = await make();
          const access = spoken.map((word) => ({ ...word, at: 1 }));
          await store.write(groupOf({ records: asked.map((one) => recordOf(one)), access }), 'kill');
          const pages = await pagedThrough((page) => store.list(filter, page), limit);
          expect(pages).toEqual((await store.list(filter, EVERYTHING)).items);
          expect(sorted(pages.map(nameOf))).toEqual(sorted(fitting(filter, asked, spoken)));
        }),
        { numRuns: 3 * RUNS },
      );
    });

    it('whoever was there stays in its place while others come', async () => {
      await fc.assert(
        fc.asyncProperty(devices, devices, limits, async (there, coming, limit) => {
          const { store } = await make();
          await store.write(groupOf({ records: there.map((one) => recordOf(one)) }), 'kill');
          const before = (await store.list(NO_FILTER, EVERYTHING)).items.map(nameOf);
          const left = [...coming];
          const arrives = async (): Promise<void> => {
            const one = left.pop();
            if (one !== undefined) await store.write(groupOf({ records: [recordOf(one)] }), 'kill');
          };
          const seen = (await pagedThrough((page) => store.list(NO_FILTER, page), limit, arrives)).map(nameOf);
          expect(new Set(seen).size).toBe(seen.length);
          expect(seen.filter((name) => before.includes(name))).toEqual(before);
        }),
        { numRuns: RUNS },
      );
    });

    it.each(['', 'x', '[]', '["a"]', '["a",1,"b"]', Buffer.from('["a"]').toString('base64url')])(
      'refuse the cursor %j',
      async (cursor) => {
        const { store } = await make();
        await expect(store.list(NO_FILTER, { limit: 5, cursor })).rejects.toMatchObject({ code: 'cursor-invalid' });
      },
    );
  });

  describe('the log', () => {
    const entries = fc.array(
      fc.record({
        project: fc.constantFrom('p', 'q', ''),
        firmwareName: fc.constantFrom('app', 'other'),
        id: fc.constantFrom('1', '2', '3'),
        event: fc.constantFrom('offered' as const, 'sent' as const, 'refused' as const),
      }),
      { maxLength: 40 },
    );
    const filters = fc.record({
      project: fc.constantFrom(undefined, 'p', 'q', 'r'),
      within: fc.constantFrom(undefined, ['p'], ['q', 'r'], ['q', 'p', 'q'], []),
      firmwareName: fc.constantFrom(undefined, 'app', 'other'),
      deviceId: fc.constantFrom(undefined, '1', '2', '9'),
      event: fc.constantFrom(undefined, 'offered' as const, 'sent' as const, 'held' as const),
      after: fc.constantFrom(undefined, 0, 3, 100),
    });

    it('put together, the pages are all entries that fit, the newest first', async () => {
      await fc.assert(
        fc.asyncProperty(entries, filters, fc.integer({ min: 1, max: 7 }), async (all, filter, limit) => {
          const { store } = await make();
          const log = all.map(({ event, ...device }, at) => entryOf({ at, event, device: deviceOf(device) }));
          await store.write(groupOf({ log }), 'kill');
          const more = groupOf({ log: [entryOf({ at: 1_000 })] });
          const seen = await pagedThrough(
            (page) => store.log(filter, page),
            limit,
            () => store.write(more, 'kill'),
          );
          const wanted = log.map((entry, at) => ({ ...entry, id: at + 1 })).filter((entry) => isLogged(filter, entry));
          expect(seen).toEqual(wanted.reverse());
        }),
        { numRuns: 2 * RUNS },
      );
    });

    test('gives back everything of an entry, after a restart too', async ({ store, reopened }) => {
      const full = entryOf({
        event: 'broken',
        code: 0,
        rule: 'newer-release',
        release: 4,
        releaseVersion: '1.1.0',
        bytes: 2 ** 40,
        detail: 'GET / 固 🚀',
        device: deviceOf({ idKind: 'mac', id: 'aa:bb' }),
      });
      await store.write(groupOf({ log: [full, entryOf({ rule: undefined })] }), 'power-cut');
      const kept = [
        { ...entryOf({ rule: undefined }), id: 2 },
        { ...full, id: 1 },
      ];
      expect((await store.log(NO_FILTER, EVERYTHING)).items).toEqual(kept);
      expect((await (await reopened()).log(NO_FILTER, EVERYTHING)).items).toEqual(kept);
    });

    it('keeps the newest entries, give or take a thousandth, and never uses a number again', async () => {
      const { store, reopened } = await make(2_000);
      for (let group = 0; group < 50; group += 1) {
        const log = Array.from({ length: 101 }, (_, n) => entryOf({ at: group * 101 + n }));
        await store.write(groupOf({ log }), 'kill');
      }
      for (const one of [store, await reopened()]) {
        const kept = await pagedThrough((page) => one.log(NO_FILTER, page), 1_000);
        expect(kept.length).toBeGreaterThanOrEqual(2_000);
        expect(kept.length).toBeLessThanOrEqual(2_002);
        expect(kept.map(({ id }) => id)).toEqual(kept.map((_, place) => 5_050 - place));
        expect(kept[0]?.at).toBe(5_049);
      }
    });

    it.each(['', 'x', '1.5', '-1', '1e3', '9'.repeat(30)])('refuses the cursor %j', async (cursor) => {
      const { store } = await make();
      await expect(store.log(NO_FILTER, { limit: 5, cursor })).rejects.toMatchObject({ code: 'cursor-invalid' });
    });
  });
}

async function collected<T>(store: { records(): AsyncIterable<T> | Iterable<T> }): Promise<T[]> {
  const all: T[] = [];
  for await (const one of store.records()) all.push(one);
  return all;
}

async function everything(store: DeviceStore): Promise<unknown> {
  const listed = await store.list(NO_FILTER, EVERYTHING);
  return [sorted(await collected(store)), await store.accesses(), listed, await store.log(NO_FILTER, EVERYTHING)];
}

function sorted<T>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function nameOf({ project, id, access, record }: DeviceListing): string {
  return JSON.stringify([project, id, record?.firmwareName ?? null, access]);
}

interface Asked {
  readonly project: string;
  readonly id: string;
  readonly firmwareName: string;
}

interface Said {
  readonly project: string;
  readonly id: string;
  readonly access: Access;
}

/** The names of those that fit, by looking at each. */
function fitting(filter: DeviceFilter, asked: readonly Asked[], said: readonly Said[]): string[] {
  const isOf = (device: { project: string; id: string }) => (one: { project: string; id: string }) =>
    one.project === device.project && one.id === device.id;
  const accessOf = (device: { project: string; id: string }): Access =>
    said.findLast(isOf(device))?.access ?? 'default';
  const silent = said.filter((word) => accessOf(word) !== 'default' && !asked.some(isOf(word)));
  const all = [...asked, ...silent.map(({ project, id }) => ({ project, id, firmwareName: null }))];
  const names = all
    .filter(
      (one) =>
        (filter.project ?? one.project) === one.project &&
        (filter.within ?? [one.project]).includes(one.project) &&
        (filter.firmwareName === undefined || filter.firmwareName === one.firmwareName) &&
        (filter.access === undefined || filter.access === accessOf(one)) &&
        one.id.startsWith(filter.idPrefix ?? ''),
    )
    .map((one) => JSON.stringify([one.project, one.id, one.firmwareName, accessOf(one)]));
  return [...new Set(names)];
}

function isLogged(filter: LogFilter, entry: StoredLogEntry): boolean {
  const { project, within, firmwareName, deviceId, event, after } = filter;
  if (within !== undefined && !within.includes(entry.device.project)) return false;
  const wanted = [project, firmwareName, deviceId, event];
  const found = [entry.device.project, entry.device.firmwareName, entry.device.id, entry.event];
  return wanted.every((one, at) => one === undefined || one === found[at]) && entry.id > (after ?? 0);
}
