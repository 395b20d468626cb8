import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '@libfota2/server';
import { makeImage, sha256Hex, tool } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Device, makeDevice } from './support/device.ts';
import { type FakePlatform, startPlatform } from './support/platform.ts';
import type { Program } from './support/programs.ts';
import { type Started, startFiveLines, startNginx, startPython } from './support/servers.ts';

const nginx = tool('nginx', 'apt-get install nginx-light');
const python = tool('python3', 'apt-get install python3-minimal');
const image = makeImage(41, 3_000_000);

let dir: string;
let device: Device;
const ends: (() => Promise<void>)[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'libfota2 examples '));
  device = await makeDevice(join(dir, 'device'));
  await mkdir(join(dir, 'server'));
  await writeFile(join(dir, 'server/firmware.bin'), image);
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(dir, { recursive: true });
});

function untilTheEnd(program: Program): Program {
  ends.push(() => program.stop());
  return program;
}

async function serverOf(started: Promise<Started>): Promise<string> {
  const { url, program } = await started;
  untilTheEnd(program);
  return url;
}

async function platformWith(offered?: Uint8Array): Promise<FakePlatform> {
  const platform = await startPlatform(offered);
  ends.push(() => platform.close());
  return platform;
}

/** Runs an example to its end and returns what it said. */
async function runExample(name: string, env: Readonly<Record<string, string>>): Promise<string> {
  const program = untilTheEnd(device.start(name, env));
  await program.ended;
  return program.output();
}

async function expectUpgraded(said: string): Promise<void> {
  expect(said).toBe(`fota result 0: ${image.length} bytes are at ${join(device.dir, 'update.bin')}.\n`);
  expect((await readFile(join(device.dir, 'application.bin'))).equals(image)).toBe(true);
  expect(await device.asked()).toEqual(['reboot']);
}

const IMEI = '866250061234567';
const KEY = 'a4bTj3sEEXgAb8rhCFCnxcNkHQ1mBzT6';
const QUESTION =
  'GET http://iot.openluat.com/api/site/firmware_upgrade' +
  `?imei=${IMEI}&project_key=${KEY}&firmware_name=GATEWAY_LuatOS-SoC_EC718P&version=2012.001.005`;

function towards(platform: FakePlatform): Readonly<Record<string, string>> {
  return { FAKE_PLATFORM_PORT: String(platform.port), LIBFOTA2_PRODUCT_KEY: KEY, LIBFOTA2_IMEI: IMEI };
}

describe('the example of the IoT platform', () => {
  it('asks as documented, takes the upgrade and restarts the machine', async () => {
    const platform = await platformWith(image);
    await expectUpgraded(await runExample('platform', towards(platform)));
    expect(platform.asked).toEqual([QUESTION]);
  });

  it('is told that it runs the newest version, and restarts nothing', async () => {
    const platform = await platformWith();
    const said = await runExample('platform', towards(platform));
    expect(said).toBe('fota result 4: No upgrade (status 404, code 27: 已是最新版本).\n');
    expect(await device.asked()).toEqual([]);
  });

  it('ends with 5 without a product key, and asks nobody', async () => {
    const platform = await platformWith();
    const said = await runExample('platform', { ...towards(platform), LIBFOTA2_PRODUCT_KEY: '' });
    expect(said).toMatch(/^fota result 5: The IoT platform needs a product key/);
    expect(platform.asked).toEqual([]);
  });
});

describe('the example of a self-built server', () => {
  it('is upgraded by five lines of Node and restarts once: neither its new version nor its old one is sent more', async () => {
    const url = await serverOf(startFiveLines(join(dir, 'server')));
    await expectUpgraded(await runExample('self-built', { UPGRADE_URL: url, LIBFOTA2_VERSION: '1.0.0' }));
    const said = await runExample('self-built', { UPGRADE_URL: url, LIBFOTA2_VERSION: '1.1.0' });
    expect(said).toBe('fota result 4: No upgrade (status 404).\n');
    // Somebody forgot to raise the version: no second restart either, for update.bin is the file that is offered.
    const forgetful = await runExample('self-built', { UPGRADE_URL: url, LIBFOTA2_VERSION: '1.0.0' });
    expect(forgetful).toBe('fota result 4: No upgrade (status 404).\n');
    expect(await device.asked()).toEqual(['reboot']);
  });

  it('restarts once where no version is told at all', async () => {
    const url = await serverOf(startFiveLines(join(dir, 'server')));
    await expectUpgraded(await runExample('self-built', { UPGRADE_URL: url }));
    await runExample('self-built', { UPGRADE_URL: url });
    expect(await device.asked()).toEqual(['reboot']);
  });

  it('restarts nothing when it cannot install', async () => {
    const url = await serverOf(startFiveLines(join(dir, 'server')));
    const said = await runExample('self-built', { UPGRADE_URL: url, APPLICATION: join(dir, 'nowhere/application') });
    expect(said).toContain('ENOENT');
    expect(await device.asked()).toEqual([]);
  });

  it('is served whole by five lines of Node while the file is away, shorter or longer', async () => {
    const url = await serverOf(startFiveLines(join(dir, 'server')));
    const file = join(dir, 'server/firmware.bin');
    const taken: boolean[] = [];
    for (const change of [() => rm(file), () => writeFile(file, 'shorter'), () => appendFile(file, image)]) {
      await change();
      taken.push(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(image));
    }
    expect(taken).toEqual([true, true, true]);
  });

  it.skipIf(nginx === undefined)(
    'is upgraded by nginx, told 304 when it asks again, and refused as 1.1.0',
    async () => {
      const url = await serverOf(startNginx(nginx ?? '', join(dir, 'server')));
      await expectUpgraded(await runExample('self-built', { UPGRADE_URL: url, LIBFOTA2_VERSION: '1.0.0' }));
      const again = await runExample('self-built', { UPGRADE_URL: url, LIBFOTA2_VERSION: '1.0.0' });
      expect(again).toBe('fota result 4: No upgrade (status 304).\n');
      const newest = await runExample('self-built', { UPGRADE_URL: url, LIBFOTA2_VERSION: '1.1.0' });
      expect(newest).toBe('fota result 4: No upgrade (status 404).\n');
    },
  );

  it.skipIf(python === undefined)('is upgraded by python3 -m http.server and told 304 when it asks again', async () => {
    const url = await serverOf(startPython(python ?? '', join(dir, 'server')));
    await expectUpgraded(await runExample('self-built', { UPGRADE_URL: url }));
    expect(await runExample('self-built', { UPGRADE_URL: url })).toBe('fota result 4: No upgrade (status 304).\n');
  });

  it('is upgraded by the server of this project, and told when it has the newest', async () => {
    const server = await startServer({ dataDir: join(dir, 'data') });
    ends.push(() => server.close());
    const { key } = await server.createProject('gateways');
    await server.publish({ project: 'gateways', firmwareName: 'GATEWAY', version: '1.1.0', package: [image] });
    const settings = { UPGRADE_URL: `${server.url}/upgrade`, LIBFOTA2_PRODUCT_KEY: key, LIBFOTA2_PROJECT: 'GATEWAY' };
    await expectUpgraded(await runExample('self-built', { ...settings, LIBFOTA2_VERSION: '1.0.0' }));
    const said = await runExample('self-built', { ...settings, LIBFOTA2_VERSION: '1.1.0' });
    expect(said).toMatch(/^fota result 4: No upgrade \(status \d+, code 27: /);
  });

  it('ends with 1 where nobody listens', async () => {
    const { url, program } = await startFiveLines(join(dir, 'server'));
    await program.stop();
    expect(await runExample('self-built', { UPGRADE_URL: url })).toMatch(/^fota result 1: /);
  });
});

describe('a scheduled example', () => {
  const HOURS = 3_600_000;

  /** Lets twelve hours pass and expects a result at the fourth, eighth and twelfth, and at no other moment. */
  async function expectEveryFourHours(program: Program, asked: () => number): Promise<void> {
    for (let run = 1; run <= 3; run += 1) {
      await program.send(4 * HOURS - 60_000);
      expect(asked()).toBe(run - 1);
      await program.send(60_000);
      // A question asked too early would be one too many by now.
      await program.says(new RegExp(`(fota result 4: .*\\n){${run}}`));
      expect(asked()).toBe(run);
    }
  }

  it('asks the IoT platform after four hours, and every four hours', async () => {
    const platform = await platformWith();
    const program = untilTheEnd(device.start('scheduled-platform', towards(platform), { warp: true }));
    await expectEveryFourHours(program, () => platform.asked.length);
    expect(new Set(platform.asked)).toEqual(new Set([QUESTION]));
  });

  it('asks a self-built server after four hours, and every four hours', async () => {
    const platform = await platformWith();
    const env = { UPGRADE_URL: `http://127.0.0.1:${platform.port}/upgrade`, LIBFOTA2_IMEI: IMEI };
    const program = untilTheEnd(device.start('scheduled-self-built', env, { warp: true }));
    await expectEveryFourHours(program, () => platform.asked.length);
    expect(platform.asked[2]).toBe(`GET ${env.UPGRADE_URL}?imei=${IMEI}`);
  });

  it('asks in the night only, until it is told to stop', async () => {
    const platform = await platformWith();
    const env = { UPGRADE_URL: `http://127.0.0.1:${platform.port}/upgrade`, TZ: 'UTC' };
    const program = untilTheEnd(device.start('schedule', env, { warp: true }));
    const untilNight = (3.5 * HOURS - (Date.now() % (24 * HOURS)) + 24 * HOURS) % (24 * HOURS);
    await program.send(untilNight - 60_000);
    expect(platform.asked).toEqual([]);
    // Half an hour of jitter, the minute that was left, and naps: each message ends one.
    for (const ms of [31 * 60_000, 60_000]) await program.send(ms);
    await program.says(/^fota result 4: No upgrade \(status 404,/);
    expect(platform.asked).toHaveLength(1);
    process.kill(program.pid, 'SIGTERM');
    expect(await program.ended).toBe(0);
  });
});

describe('the example of a promise', () => {
  it('shows its progress and the digest that it proved', async () => {
    const url = await serverOf(startFiveLines(join(dir, 'server')));
    const said = await runExample('promise', { UPGRADE_URL: url, UPGRADE_SHA256: sha256Hex(image) });
    expect(said).toContain(`\r${image.length} of ${image.length} bytes`);
    expect(said).toContain(`\n${join(device.dir, 'update.bin')}: ${sha256Hex(image)}\n`);
  });

  it('keeps nothing of an image with another digest', async () => {
    const url = await serverOf(startFiveLines(join(dir, 'server')));
    const said = await runExample('promise', { UPGRADE_URL: url, UPGRADE_SHA256: '0'.repeat(64) });
    expect(said).toMatch(/\ndigest-mismatch: /);
    await expect(readFile(join(device.dir, 'update.bin'))).rejects.toThrow('ENOENT');
  });
});
