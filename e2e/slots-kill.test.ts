import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { startServer } from '@libfota2/server';
import { makeImage, makeTar, sha256Hex } from '@libfota2/testkit';
import { createFota } from 'libfota2';
import { applicationSlots } from 'libfota2/slots';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { proof } from './support/proof.ts';
import { randomNumbers } from './support/server-kill.ts';
import { Supervisor } from './support/slots-kill.ts';

const prove = process.env['PROVE'] !== undefined;
const KILLS = prove ? 200 : 4;
const SEED = prove ? Date.now() % 2 ** 32 : 5;
const FILES = 40;

const APP = pathToFileURL(join(import.meta.dirname, 'fixtures/slots-app.mjs')).href;
const WELL = (version: string): string => `(await import(process.env.APP)).live('${version}', { isWell: true });`;
/** What each version does: the third cannot start, the fourth never confirms. */
const VERSIONS: Readonly<Record<string, string>> = {
  '1.1.0': WELL('1.1.0'),
  '1.2.0': WELL('1.2.0'),
  '1.3.0': "throw new Error('1.3.0 cannot start');",
  '1.4.0': "(await import(process.env.APP)).live('1.4.0', { isWell: false });",
  '1.5.0': WELL('1.5.0'),
};
const tally = { kills: 0, starts: 0, rounds: 0, asking: 0 };

async function archive(version: string): Promise<Buffer> {
  const files = [
    { name: 'version', body: Buffer.from(version) },
    { name: 'main.mjs', body: Buffer.from(VERSIONS[version] ?? '') },
    ...Array.from({ length: FILES }, (_, n) => ({
      name: `lib/${n % 4}/${n}.bin`,
      body: Buffer.from(makeImage(n, 2_000 + 100 * version.length)),
    })),
  ];
  const sums = Object.fromEntries(files.map(({ name, body }) => [name, sha256Hex(body)]));
  return gzipSync(await makeTar([...files, { name: 'sums.json', body: JSON.stringify(sums) }]));
}

it(`an application comes back from ${KILLS} kills at random moments, over a version that cannot start and one that never confirms`, {
  timeout: 60_000 + KILLS * 6_000,
}, async () => {
  const home = await mkdtemp(join(tmpdir(), 'libfota2 slots '));
  const server = await startServer({ dataDir: join(home, 'data'), deliveriesPerDay: 10_000 });
  let current: Supervisor | undefined;
  onTestFinished(async () => {
    await current?.end();
    await server.close();
    await rm(home, { recursive: true });
  });
  const random = randomNumbers(SEED);
  const images = await Promise.all(Object.keys(VERSIONS).map(async (one) => [one, await archive(one)] as const));
  /** By their digests: what a device learns of a release that it gave up. */
  const releases = JSON.stringify(Object.fromEntries(images.map(([version, image]) => [sha256Hex(image), version])));

  while (tally.kills < KILLS) {
    tally.rounds += 1;
    const project = `round-${tally.rounds}`;
    const { key } = await server.createProject(project);
    const publish = async (version: string): Promise<void> => {
      await server.publish({ project, firmwareName: 'app', version, package: [await archive(version)] });
    };
    const dir = join(home, project);
    const url = `${server.url}/upgrade`;
    const slots = applicationSlots(dir);
    await publish('1.1.0');
    const device = { imei: '867', productKey: key };
    expect(
      await createFota({ ...slots, ...device, version: '0.9.0' }).upgrade({ url, firmwareName: 'app' }),
    ).toMatchObject({ result: 0 });

    const env = { APP, APP_KEY: key, APP_ID: device.imei, APP_URL: url, APP_RELEASES: releases };
    const supervisor = new Supervisor(dir, env, random, KILLS - tally.kills);
    current = supervisor;
    await supervisor.goes('confirmed 1.1.0');
    await supervisor.end();
    for (const [version, awaited] of [
      ['1.2.0', 'confirmed 1.2.0'],
      ['1.3.0', 'reported 1.3.0'],
      ['1.4.0', 'reported 1.4.0'],
      ['1.5.0', 'confirmed 1.5.0'],
    ] as const) {
      await publish(version);
      supervisor.isSpared = false;
      await supervisor.goes(awaited);
      await supervisor.end();
      const { run, back } = await slots.state();
      const runs = await readFile(join(dir, 'slots', run ?? '', 'version'), 'utf8');
      expect([runs, back], supervisor.story).toEqual([awaited.startsWith('confirmed') ? version : '1.2.0', undefined]);
    }
    const filter = {
      project,
      firmwareName: undefined,
      deviceId: device.imei,
      event: 'rolled-back',
      after: undefined,
    } as const;
    const { items } = await server.operator.log(filter, { limit: 50, cursor: undefined });
    expect(new Set(items.map(({ releaseVersion }) => releaseVersion))).toEqual(new Set(['1.3.0', '1.4.0']));
    for (const what of ['kills', 'starts', 'asking'] as const) tally[what] += supervisor[what];
  }
  expect(tally.kills).toBe(KILLS);
});

afterAll(() => {
  const { kills, starts, rounds, asking } = tally;
  proof(
    `${kills} kills of an application in two slots (seed ${SEED}), ${kills - asking} before it asked for an upgrade and ${asking} while it was upgraded, in ${starts} starts over ${rounds} × ` +
      'v1 → v2 → v3 that cannot start → v2 → v4 that never confirms → v2 → v5: it always came back, and the server was told of both',
  );
});
