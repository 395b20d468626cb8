import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import type { StoredToken } from '../../ports/tokens.ts';
import type { Database } from './database.ts';
import { openSchema } from './schema.ts';
import { sqliteTokens } from './tokens.ts';

const folder = folders(onTestFinished);

async function opened(): Promise<{ readonly database: Database; readonly path: string }> {
  const path = join(await folder(), 'fota.db');
  const database = await openSchema(path);
  onTestFinished(() => database.close());
  return { database, path };
}

const token: StoredToken = {
  id: 'a1',
  name: 'ci',
  role: 'publisher',
  projects: ['p', '固'],
  createdAt: 5,
  expiresAt: 9_000,
  lastUsedAt: undefined,
  hash: 'f'.repeat(64),
};

it('keeps tokens in the order of their making, and forgets the hash of a revoked one', async () => {
  const { database, path } = await opened();
  const store = sqliteTokens(database, path);
  expect(await store.isUsed()).toBe(false);
  const later = { ...token, id: 'a0', createdAt: 6, hash: 'e'.repeat(64) };
  await store.add(token);
  await store.add(later);
  expect(await store.tokens()).toEqual([token, later]);
  await store.revoke('a1', 9);
  expect(await sqliteTokens(database, path).tokens()).toEqual([later]);
  expect(JSON.stringify(database.prepare('SELECT * FROM token').all())).not.toContain(token.hash);
  await store.revoke('a0', 9);
  expect(await store.isUsed()).toBe(true);
});

it('says that there is no room as disk-full', async () => {
  const { database, path } = await opened();
  const store = sqliteTokens(database, path);
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { readonly page_count: number };
  database.exec(`PRAGMA max_page_count = ${pages}`);
  const filling = async (): Promise<void> => {
    for (let number = 0; number < 1_000; number += 1) {
      await store.add({ ...token, id: `${number}`, hash: `${number}`.padStart(64, '0') });
    }
  };
  await expect(filling()).rejects.toMatchObject({ code: 'disk-full' });
});

it('asks for a sync of the disk at each change, for what was revoked must not come back with a power cut', async () => {
  const { database, path } = await opened();
  const level = (): unknown => database.prepare('PRAGMA synchronous').get();
  const during: unknown[] = [];
  /** Looks just before each statement is run. */
  const watch = (sql: string): unknown => {
    const statement = database.prepare(sql);
    const run = (...values: Parameters<typeof statement.run>): unknown => {
      during.push(level());
      return statement.run(...values);
    };
    return { all: () => statement.all(), get: () => statement.get(), run };
  };
  const watched = { prepare: watch, exec: (sql: string) => database.exec(sql), isOpen: true } as unknown as Database;
  database.exec('PRAGMA synchronous = NORMAL');
  const store = sqliteTokens(watched, path);
  await store.add(token);
  await store.revoke(token.id, 9);
  expect(during).toEqual([{ synchronous: 2 }, { synchronous: 2 }]);
  expect(level()).toEqual({ synchronous: 1 });
});
