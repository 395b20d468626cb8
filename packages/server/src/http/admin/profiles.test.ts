import { expect, it, onTestFinished } from 'vitest';
import { type RunningAdmin, runAdmin } from '../../../test/admin.ts';
import { folders } from '../../../test/folder.ts';

const folder = folders(onTestFinished);
const DEVICE = '/projects/sample/devices/867';

async function running(): Promise<RunningAdmin> {
  const admin = await runAdmin(await folder());
  onTestFinished(() => admin.close());
  await admin.ask('POST /projects', { json: { name: 'sample' } });
  return admin;
}

it('a device is labelled, noted and pinned, before it ever asks', async () => {
  const { ask } = await running();
  const pin = { version: '1.4.0', mayDowngrade: true };
  const json = { addLabels: ['beta', '北京'], note: 'on the roof', pin };
  const said = { project: 'sample', id: '867', access: 'default', labels: ['beta', '北京'], note: 'on the roof', pin };
  expect(await ask(`PATCH ${DEVICE}`, { json })).toMatchObject({ status: 200, body: { ...said, records: [] } });
  expect((await ask(`GET ${DEVICE}`)).body).toEqual({ ...said, records: [] });
  const changed = await ask(`PATCH ${DEVICE}`, { json: { removeLabels: ['beta'], note: '', pin: null } });
  expect(changed.body).toEqual({ project: 'sample', id: '867', access: 'default', labels: ['北京'], records: [] });
  expect((await ask(`DELETE ${DEVICE}`)).status).toBe(204);
  expect((await ask(`GET ${DEVICE}`)).status).toBe(404);
});

it.each([
  [{ addLabels: ['two words'] }, 'label-invalid'],
  [{ note: 'x'.repeat(2_001) }, 'note-invalid'],
  [{ pin: { version: 'new', mayDowngrade: false } }, 'version-invalid'],
  [{ pin: { version: '1' } }, 'request-invalid'],
  [{ labels: Array.from({ length: 33 }, () => 'a') }, 'request-invalid'],
  [{ label: 'x' }, 'request-invalid'],
])('%j is refused as %s', async (json, code) => {
  const { ask } = await running();
  expect(await ask(`PATCH ${DEVICE}`, { json })).toMatchObject({ status: 400, body: { code } });
  expect((await ask(`GET ${DEVICE}`)).status).toBe(404);
});
