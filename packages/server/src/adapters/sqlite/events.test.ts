import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { eventOf, testEventStore } from '../../../test/suites/event-store.ts';
import { groupOf, projectOf, recordOf, releaseOf } from '../../../test/suites/samples.ts';
import { openSqliteStore, type SqliteStore } from './store.ts';

const folder = folders(onTestFinished);

async function opened(path?: string, limit?: number): Promise<SqliteStore> {
  const store = await openSqliteStore(path ?? join(await folder(), 'fota.db'), undefined, limit);
  onTestFinished(() => {
    if (store.database.isOpen) store.close();
  });
  return store;
}

describe('events in SQLite', () =>
  testEventStore(async (limit) => {
    const path = join(await folder(), 'fota.db');
    return { store: (await opened(path, limit)).events, reopened: async () => (await opened(path, limit)).events };
  }));

const types = async ({ events }: SqliteStore): Promise<string[]> =>
  (await events.after(0, 100)).map(({ type }) => type);

describe('an event that is staged', () => {
  it('goes with whatever is committed next against power cuts', async () => {
    const store = await opened();
    store.events.stage(eventOf(1));
    await store.devices.write(groupOf({ records: [recordOf()] }), 'kill');
    expect(await types(store)).toEqual([]);
    await store.devices.write(groupOf({ records: [recordOf()] }), 'power-cut');
    expect(await types(store)).toEqual(['device.held']);
    await store.events.flush();
    expect(await types(store)).toEqual(['device.held']);
  });

  it('waits for another commit where one fails, and is told once', async () => {
    const store = await opened();
    const told: number[] = [];
    store.events.onWritten((events) => told.push(...events.map(({ id }) => id)));
    store.events.stage(eventOf(1));
    const broken = (): never => {
      throw new Error('in the middle');
    };
    expect(() => store.transaction('power-cut', broken)).toThrow('in the middle');
    expect([told, await types(store)]).toEqual([[], []]);
    await store.events.flush();
    expect([told, await types(store)]).toEqual([[1], ['device.held']]);
  });
});

describe('what becomes of a release', () => {
  it('is an event of the same commit', async () => {
    const store = await opened();
    await store.catalogue.addProject(projectOf('p'));
    const draft = await store.catalogue.addRelease(releaseOf());
    expect(await types(store)).toEqual([]);
    const published = await store.catalogue.setState(draft, 'published', 20);
    const [any] = published.packages;
    if (any !== undefined) await store.catalogue.addPackage(published, { ...any, source: '2012' });
    await store.catalogue.setState(published, 'withdrawn', 30);
    await store.catalogue.addRelease(releaseOf({ state: 'published', version: '2.0', publishedAt: 40 }));
    expect(await store.events.after(0, 100)).toMatchObject([
      { id: 1, at: 20, type: 'release.published', project: 'p', data: { release: 1, version: '1.1.0' } },
      { id: 2, at: 20, type: 'release.published' },
      { id: 3, at: 30, type: 'release.withdrawn' },
      { id: 4, at: 40, type: 'release.published', data: { release: 2, version: '2.0', firmwareName: 'app' } },
    ]);
  });

  it('tells nothing where it could not be written', async () => {
    const store = await opened();
    const told: unknown[] = [];
    store.events.onWritten((events) => told.push(...events));
    // Without its project a release cannot be.
    await expect(store.catalogue.addRelease(releaseOf({ state: 'published' }))).rejects.toThrow();
    await store.catalogue.addProject(projectOf('p'));
    expect([told, await types(store)]).toEqual([[], []]);
  });
});
