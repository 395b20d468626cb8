import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '@libfota2/server';
import { expect, it, onTestFinished } from 'vitest';
import { applicationImage, type Behaviour, makeAgentHome } from './support/agent.ts';
import type { Program } from './support/programs.ts';
import { freePort } from './support/servers.ts';

it('keeps an application up to date, brings it back where a version does not hold, and never runs two at once', {
  timeout: 60_000,
}, async () => {
  const home = await mkdtemp(join(tmpdir(), 'fota agent '));
  const server = await startServer({ dataDir: join(home, 'data'), deliveriesPerDay: 1_000 });
  const programs: Program[] = [];
  onTestFinished(async () => {
    for (const program of programs) await program.stop();
    await server.close();
    await rm(home, { recursive: true });
  });
  const { key } = await server.createProject('p');
  const publish = async (version: string, behaviour: Behaviour): Promise<void> => {
    const image = await applicationImage(version, behaviour);
    await server.publish({ project: 'p', firmwareName: 'app', version, package: [image] });
  };
  const device = await makeAgentHome(join(home, 'device'), {
    url: `${server.url}/upgrade`,
    key,
    id: '867',
    port: await freePort(),
    every: '1s',
  });
  const begin = (): Program => {
    const program = device.start();
    programs.push(program);
    return program;
  };
  const until = (wanted: object): Promise<void> =>
    expect.poll(device.status, { timeout: 20_000, interval: 50 }).toMatchObject(wanted);

  await publish('1.1.0', 'well');
  const first = begin();
  await until({ version: '1.1.0' });
  await publish('1.2.0', 'well');
  await until({ version: '1.2.0' });
  await publish('1.3.0', 'unwell');
  // It may be on trial already, and then all is well with the question after it, and with its exit code.
  expect(await device.fota('check')).toMatchObject({
    output: expect.stringMatching(/now: .*answered 500/),
  });
  await until({ version: '1.2.0', failure: { code: 'rolled-back' } });
  await expect.poll(device.health, { timeout: 5_000 }).toMatchObject({ version: '1.2.0' });
  const filter = { project: 'p', firmwareName: undefined, deviceId: '867', event: 'rolled-back', after: undefined };
  const { items } = await server.operator.log(filter as never, { limit: 9, cursor: undefined });
  expect(items).toMatchObject([{ releaseVersion: '1.3.0' }]);

  const before = await device.health();
  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  expect(await device.fota('status')).toMatchObject({ code: 3, output: expect.stringMatching(/does not run/) });
  const next = begin();
  await next.says(/"event":"orphan-ended".*\n(.*\n)*.*"message":"runs 1\.2\.0"/);
  expect(next.output()).toContain(`"pid":${before?.pid}`);
  await expect.poll(device.health, { timeout: 5_000 }).toMatchObject({ version: '1.2.0' });
  expect(await device.health()).not.toMatchObject({ pid: before?.pid });

  process.kill(next.pid, 'SIGTERM');
  expect(await next.ended).toBe(0);
  expect(await device.health()).toBeUndefined();
});
