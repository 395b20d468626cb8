import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { NO_ATTEMPT_FILTER } from '../../../test/suites/attempt-store.ts';
import { NO_FILTER } from '../../../test/suites/samples.ts';
import { attemptTable } from './attempts.ts';
import type { Database } from './database.ts';
import { devicePages, logQueries } from './queries.ts';
import { openSchema } from './schema.ts';

const folder = folders(onTestFinished);

/** How SQLite means to find what it is asked for while `query` runs. */
async function plansOf(query: (database: Database) => unknown): Promise<string> {
  const database = await openSchema(join(await folder(), 'fota.db'));
  onTestFinished(() => database.close());
  const plans: unknown[] = [];
  const explaining = {
    prepare: (sql: string) => ({
      all: (values: Record<string, string | number> = {}) => {
        plans.push(...database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(values));
        return [];
      },
    }),
  };
  query(explaining as unknown as Database);
  return plans.map((plan) => (plan as { readonly detail: string }).detail).join('\n');
}

it.each([
  [{ project: 'p' }, 'upgrade_log_project'],
  [{ event: 'unreadable' }, 'upgrade_log_event'],
  [{ firmwareName: 'app' }, 'upgrade_log_firmware'],
  [{ deviceId: '867' }, 'upgrade_log_device'],
] as const)('the log with the filter %j is found by the index %s, without sorting', async (filter, index) => {
  const plans = await plansOf((database) => logQueries(database)({ ...NO_FILTER, ...filter }, 1_000_000, 50));
  expect(plans).toMatch(new RegExp(`^SEARCH upgrade_log USING INDEX ${index} `));
  expect(plans).not.toContain('TEMP B-TREE');
});

it('the log of several projects is merged as it goes, along the index of projects', async () => {
  const filter = { ...NO_FILTER, within: ['p', 'q', 'r'] };
  const plans = await plansOf((database) => logQueries(database)(filter, 1_000_000, 50));
  expect(plans.match(/SEARCH upgrade_log USING INDEX upgrade_log_project/g)).toHaveLength(3);
  expect(plans).not.toContain('TEMP B-TREE');
});

it.each([
  [{ firmwareName: 'app' }, 'device_firmware'],
  [{ firmwareName: 'app', access: 'default' }, 'device_firmware'],
] as const)('devices with the filter %j are found by the index %s', async (filter, index) => {
  const plans = await plansOf((database) => devicePages(database)({ ...NO_FILTER, ...filter }, undefined, 50));
  expect(plans).toMatch(new RegExp(`SEARCH d USING INDEX ${index} `));
  expect(plans).not.toContain('SCAN d\n');
});

it.each([
  [{}, 'SCAN'],
  [{ project: 'p' }, 'PRIMARY KEY'],
  [{ project: 'p', deviceId: '867' }, 'PRIMARY KEY'],
  [{ deviceId: '867' }, 'PRIMARY KEY'],
  [{ rollout: 1 }, 'INDEX attempt_rollout'],
  [{ rollout: 1, standing: 'failed' }, 'INDEX attempt_rollout'],
  [{ project: 'p', rollout: 1, release: 2 }, 'INDEX attempt_rollout'],
  [{ release: 2 }, 'INDEX attempt_release'],
  [{ project: 'p', release: 2, standing: 'silent' }, 'INDEX attempt_release'],
  [{ standing: 'failed' }, 'INDEX attempt_standing'],
  [{ project: 'p', standing: 'failed' }, 'INDEX attempt_standing'],
] as const)(
  'attempts with the filter %j are found by %s, and no more are sorted than a page has',
  async (filter, index) => {
    const place = ['p', '867', 'app', 4, 0];
    for (const cursor of [undefined, Buffer.from(JSON.stringify(place)).toString('base64url')]) {
      const plans = await plansOf((database) =>
        attemptTable(database, (work) => work()).attempts({ ...NO_ATTEMPT_FILTER, ...filter }, { limit: 50, cursor }),
      );
      const finding = plans.split('\n').filter((line) => /(SCAN|SEARCH) t\b/.test(line));
      expect(finding.length).toBeGreaterThan(0);
      for (const line of finding)
        expect(line).toContain(cursor === undefined || index !== 'SCAN' ? index : 'PRIMARY KEY');
    }
  },
);
