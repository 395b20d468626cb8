import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '@libfota2/server';
import { makeTar } from '@libfota2/testkit';
import { createFota } from 'libfota2';
import { applicationSlots } from 'libfota2/slots';
import { expect, it, onTestFinished } from 'vitest';

it('a device that went back tells the server, which then knows why and offers that release to it no more', async () => {
  const root = await mkdtemp(join(tmpdir(), 'libfota2 report '));
  const server = await startServer({ dataDir: join(root, 'data') });
  onTestFinished(async () => {
    await server.close();
    await rm(root, { recursive: true });
  });
  const { key: productKey } = await server.createProject('gateway');
  const publish = async (version: string) => {
    const image = await makeTar([{ name: 'app', body: `echo ${version}` }]);
    return server.publish({ project: 'gateway', firmwareName: 'gateway', version, package: [image] });
  };
  const slots = applicationSlots(join(root, 'app'));
  const fota = createFota({ ...slots, project: 'gateway', imei: '867', productKey });
  const options = { url: `${server.url}/upgrade` };
  const upgrade = (version: string) => fota.upgrade({ ...options, version });

  await publish('1.0.0');
  expect(await upgrade('0.9')).toMatchObject({ result: 0, file: join(root, 'app/slots/a') });
  await publish('1.1.0');
  expect(await upgrade('1.0.0')).toMatchObject({ result: 0, file: join(root, 'app/slots/b') });
  expect(await upgrade('1.0.0')).toMatchObject({ reason: 'not-modified' });
  await slots.giveUp();

  const log = ['loading the model', 'out of memory'];
  const report = { state: 'rolled-back', release: '1.1.0', code: 137, log } as const;
  expect(await fota.report(report, { ...options, version: '1.0.0' })).toMatchObject({ kind: 'reported' });
  const filter = {
    project: 'gateway',
    firmwareName: undefined,
    deviceId: '867',
    event: 'rolled-back',
    after: undefined,
  } as const;
  const { items } = await server.operator.log(filter, { limit: 10, cursor: undefined });
  expect(items).toMatchObject([{ releaseVersion: '1.1.0', detail: expect.stringContaining('out of memory') }]);
  expect(await upgrade('1.0.0')).toMatchObject({ code: 'no-upgrade', reason: 'upgrade-loop' });
  await publish('1.2.0');
  expect(await upgrade('1.0.0')).toMatchObject({ result: 0, file: join(root, 'app/slots/b') });
});
