import { expect, it, onTestFinished } from 'vitest';
import { checkIn, type RunningAdmin, runAdmin } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';
import type { ApiVersionHistory } from './api.ts';

const folder = folders(onTestFinished);
const KEY = 'k'.repeat(32);

/** Three devices have asked. */
async function running(): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  const { operator } = admin.application;
  await operator.createProject({ name: 'sample', key: KEY });
  const intake = await operator.takeIn([Buffer.from('firmware')]);
  await operator.publish({ project: 'sample', intake, firmwareName: 'app', version: '1.1.0' });
  for (const [id, version] of [
    ['1', '1.0.0'],
    ['2', '1.1.0'],
    ['3', '1.1.0'],
  ] as const) {
    await checkIn(admin.application, { idKind: 'imei', id, projectKey: KEY, firmwareName: 'app', version });
  }
  return admin;
}

it('tells how many devices run which version, once they were counted', async () => {
  const { ask, application } = await running();
  expect(await ask('GET /projects/sample/versions')).toMatchObject({
    status: 200,
    body: { stepHours: 1, hours: [], series: [] },
  });
  await application.versions.count();
  const told = await ask('GET /projects/sample/versions?firmware=app&step=3');
  expect(told.body).toEqual({
    stepHours: 3,
    hours: [expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/)],
    series: [
      { firmwareName: 'app', version: '1.0.0', devices: [1], seen: [1] },
      { firmwareName: 'app', version: '1.1.0', devices: [2], seen: [2] },
    ],
  });
  const [hour = ''] = (told.body as ApiVersionHistory).hours;
  const before = await ask(`GET /projects/sample/versions?to=${new Date(Date.parse(hour) - 1).toISOString()}`);
  expect(before.body).toMatchObject({ hours: [], series: [] });
  const since = await ask(`GET /projects/sample/versions?from=${hour}&to=${hour}`);
  expect(since.body).toMatchObject({ hours: [hour] });
});

it.each([
  ['other/versions', 404, 'project-unknown'],
  ['sample/versions?from=yesterday', 400, 'request-invalid'],
  ['sample/versions?step=0', 400, 'request-invalid'],
])('GET /projects/%s is answered %i %s', async (path, status, code) => {
  const { ask } = await running();
  expect(await ask(`GET /projects/${path}`)).toMatchObject({ status, body: { code } });
});
