import { expect, it, onTestFinished } from 'vitest';
import { checkIn, type RunningAdmin, runAdmin } from '../test/admin.ts';
import { folders } from '../test/folder.ts';
import { FotaServerError } from './domain/errors.ts';
import type { StoredEvent } from './domain/event.ts';

const folder = folders(onTestFinished);

async function running(dataDir?: string): Promise<RunningAdmin> {
  const admin = await runAdmin(dataDir ?? (await folder()));
  onTestFinished(() => admin.close());
  return admin;
}

async function told({ application: { events } }: RunningAdmin): Promise<readonly StoredEvent[]> {
  await events.flush();
  await new Promise(setImmediate);
  return (await events.read(0, {})).events;
}

it('what an operator does, what devices suffer and what goes wrong are events, also after a restart', async () => {
  const dataDir = await folder();
  const admin = await running(dataDir);
  const { operator, checkIns, onProblem } = admin.application;
  const { key } = await operator.createProject({ name: 'p' });
  const intake = await operator.takeIn([Buffer.from('an image of ten bytes')]);
  const naming = { project: 'p', firmwareName: 'app' };
  const { release } = await operator.publish({ ...naming, intake, version: '1.1.0' });
  const identity = { idKind: 'imei', id: '867', projectKey: key, firmwareName: 'app', version: '1.0.0' } as const;
  for (let n = 0; n < 9; n += 1) await checkIn({ ...admin.application, checkIns }, identity);
  await operator.setAccess('p', '867', 'allowed');
  await expect(operator.setAccess('q', '867', 'allowed')).rejects.toMatchObject({ code: 'project-unknown' });
  await operator.withdraw(release.id);
  onProblem(new FotaServerError('disk-full', 'no room'));

  const data = { release: release.id, version: '1.1.0', firmwareName: 'app' };
  const expected = [
    { type: 'release.published', project: 'p', data },
    { type: 'device.held', project: 'p', data: { device: '867', firmwareName: 'app', version: '1.0.0' } },
    { type: 'device.access', project: 'p', data: { device: '867', access: 'allowed' } },
    { type: 'release.withdrawn', project: 'p', data },
    { type: 'problem', project: undefined, data: { code: 'disk-full', reason: 'no room' } },
  ].map((event, i) => ({ ...event, id: i + 1 }));
  expect(await told(admin)).toMatchObject(expected);
  await admin.close();
  expect(await told(await running(dataDir))).toMatchObject(expected);
});
