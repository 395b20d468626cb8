import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import type { StoredRepeat } from '../../ports/repeats.ts';
import { openSqliteStore, type SqliteStore } from './store.ts';

const folder = folders(onTestFinished);

async function opened(path: string): Promise<SqliteStore> {
  const store = await openSqliteStore(path);
  onTestFinished(store.close);
  return store;
}

const begun: StoredRepeat = { owner: 'token:a', key: 'k', fingerprint: 'f', at: 1, status: undefined, body: undefined };

it('a request comes back as it was kept last, until it is forgotten', async () => {
  const path = join(await folder(), 'fota.db');
  const { repeats } = await opened(path);
  expect(await repeats.find('token:a', 'k')).toBeUndefined();
  await repeats.keep(begun);
  expect(await repeats.find('token:a', 'k')).toEqual(begun);
  const done = { ...begun, at: 2, status: 201, body: '{"é":1}' };
  await repeats.keep(done);
  const again = (await opened(path)).repeats;
  expect(await again.find('token:a', 'k')).toEqual(done);
  expect(await again.find('token:b', 'k')).toBeUndefined();
  await again.forget('token:a', 'k');
  expect(await again.find('token:a', 'k')).toBeUndefined();
});

it('the newest 10 000 are kept, give or take a hundredth', async () => {
  const { repeats, database, transaction } = await opened(join(await folder(), 'fota.db'));
  transaction('kill', () => {
    const insert = database.prepare("INSERT INTO repeat (owner, key, fingerprint, at) VALUES ('o', ?, 'f', 1)");
    for (let n = 0; n < 20_000; n += 1) insert.run(String(n));
  });
  for (let n = 0; n < 100; n += 1) await repeats.keep({ ...begun, key: `new ${n}` });
  const { count } = database.prepare('SELECT count(*) AS count FROM repeat').get() as { readonly count: number };
  expect(count).toBeLessThanOrEqual(10_100);
  expect(await repeats.find('token:a', 'new 0')).toBeDefined();
  expect(await repeats.find('o', '1')).toBeUndefined();
});
