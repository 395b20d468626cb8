import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerOptions, startServer } from '@libfota2/server';
import { makeTar } from '@libfota2/testkit';
import { createFota } from 'libfota2';
import { applicationSlots } from 'libfota2/slots';
import { expect, it, onTestFinished } from 'vitest';

/** A server with a project, and a device of it. */
async function made(options: Partial<ServerOptions> = {}) {
  const root = await mkdtemp(join(tmpdir(), 'libfota2 report '));
  const server = await startServer({ ...options, dataDir: join(root, 'data') });
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
  return { root, server, publish, slots, fota, question: { url: `${server.url}/upgrade` } };
}

it('a device that went back tells the server, which then knows why and offers that release to it no more', async () => {
  const { root, server, publish, slots, fota, question } = await made();
  const upgrade = (version: string) => fota.upgrade({ ...question, version });

  await publish('1.0.0');
  expect(await upgrade('0.9')).toMatchObject({ result: 0, file: join(root, 'app/slots/a') });
  await publish('1.1.0');
  expect(await upgrade('1.0.0')).toMatchObject({ result: 0, file: join(root, 'app/slots/b') });
  expect(await upgrade('1.0.0')).toMatchObject({ reason: 'not-modified' });
  await slots.giveUp();

  const log = ['loading the model', 'out of memory'];
  const report = { state: 'rolled-back', release: '1.1.0', code: 137, log } as const;
  expect(await fota.report(report, { ...question, version: '1.0.0' })).toMatchObject({ kind: 'reported' });
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

it('a device that looked at a release and waits has not failed, and is confirmed when it has taken it', async () => {
  const { server, publish, fota, question } = await made({ settleMs: 0 });
  await publish('1.1.0');
  const as = (version: string) => ({ ...question, version });
  const attempt = async () => (await server.operator.device('gateway', '867'))[0]?.record?.attempt;
  expect(await fota.check(as('1.0.0'))).toMatchObject({ kind: 'available' });
  const until = Math.floor(Date.now() / 1_000);
  const wait = { state: 'deferred', reason: 'customers are there', until } as const;
  expect(await fota.report(wait, as('1.0.0'))).toMatchObject({ kind: 'reported' });
  expect(await attempt()).toMatchObject({
    failures: 0,
    deferral: { until: until * 1_000, reason: 'customers are there' },
  });
  expect(await fota.upgrade(as('1.0.0'))).toMatchObject({ result: 0 });
  expect(await attempt()).toMatchObject({ failures: 0, deferral: undefined });
  expect(await fota.report({}, as('1.1.0'))).toMatchObject({ kind: 'reported' });
  expect(await attempt()).toMatchObject({ state: 'confirmed', failures: 0 });
});
