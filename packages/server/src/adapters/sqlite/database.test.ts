import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from './database.ts';

it('tells whether a transaction is under way, with the SQLite of any Node', async () => {
  const database = await openDatabase(':memory:', 0);
  onTestFinished(() => database.close());
  expect(database.isTransaction).toBe(false);
  database.exec('BEGIN');
  expect(database.isTransaction).toBe(true);
  database.exec('ROLLBACK');
  expect(database.isTransaction).toBe(false);
});
