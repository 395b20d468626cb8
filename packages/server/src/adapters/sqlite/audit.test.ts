import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { testAuditStore } from '../../../test/suites/audit-store.ts';
import { sqliteAudit } from './audit.ts';
import type { Database } from './database.ts';
import { openSchema } from './schema.ts';

const folder = folders(onTestFinished);

async function opened(path: string): Promise<Database> {
  const database = await openSchema(path);
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  return database;
}

describe('the audit log in SQLite', () =>
  testAuditStore(async () => {
    const path = join(await folder(), 'fota.db');
    const first = sqliteAudit(await opened(path), path);
    return { store: first, reopened: async () => sqliteAudit(await opened(path), path) };
  }));

it('a group is added as a whole, or not at all', async () => {
  const path = join(await folder(), 'fota.db');
  const store = sqliteAudit(await opened(path), path);
  const record = (id: number) => ({ id, text: `{"id":${id},"kind":"begun"}`, hash: '' });
  await store.append([record(1)]);
  await expect(store.append([record(2), record(1)])).rejects.toThrow();
  expect(await store.records(0, 10)).toEqual([record(1)]);
});

it.each([
  [{ project: 'p' }, 'audit_project'],
  [{ action: 'a.b' }, 'audit_action'],
  [{ by: 'ci' }, 'audit_name'],
  [{ by: 'token:1' }, 'audit_who'],
] as const)('a list with the filter %j goes along the index %s', async (filter, index) => {
  const path = join(await folder(), 'fota.db');
  const database = await opened(path);
  const plans: string[] = [];
  const prepare = (sql: string): unknown => ({
    ...database.prepare(sql),
    all: (values: Record<string, string>) => {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(values) as unknown as {
        readonly detail: string;
      }[];
      plans.push(...plan.map(({ detail }) => detail));
      return [];
    },
  });
  const none = { project: undefined, action: undefined, by: undefined };
  const store = sqliteAudit({ prepare } as unknown as Database, path);
  await store.list({ ...none, ...filter }, { limit: 50, cursor: undefined });
  expect(plans[0]).toContain(`USING INDEX ${index} `);
  expect(plans.join('\n')).toContain('USING INDEX audit_ends');
  expect(plans.join('\n')).not.toContain('TEMP B-TREE');
});
