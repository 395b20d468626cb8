import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { proof } from './support/proof.ts';
import { type Killable, randomNumbers, startKillable } from './support/server-kill.ts';
import {
  type Device,
  KEY,
  live,
  PROJECT,
  type StoredRelease,
  untilSaid,
  type World,
  worldOf,
} from './support/server-kill-world.ts';

const prove = process.env['PROVE'] !== undefined;
const KILLS = prove ? 50 : 5;
const SEED = prove ? Date.now() % 2 ** 32 : 1;

let dataDir: string;
const servers = new Set<Killable>();
let told = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'fota kill '));
});

afterEach(async () => {
  for (const server of servers) if (!server.isGone()) await server.kill();
  await rm(dataDir, { recursive: true });
});

afterAll(() => {
  if (told !== '') proof(told);
});

async function started(): Promise<Killable> {
  const server = await startKillable(dataDir);
  servers.add(server);
  return server;
}

interface Listing {
  readonly id: string;
  readonly access: string;
  readonly record?: {
    readonly sent?: { readonly sha256: string };
    readonly deliveries?: { readonly sha256: string; readonly version: string; readonly count: number };
  };
}

interface Entry {
  readonly event: string;
  readonly id: string;
  readonly release?: number;
}

/** Nothing acknowledged is lost. Of what was not, the server says what became of it. */
async function expectReleases({ server, releases, doubtful }: World): Promise<void> {
  const stored = await server.call<readonly StoredRelease[]>('releases');
  for (const { id, version, state, packages } of stored) {
    const sha256 = packages[0]?.sha256 ?? '';
    const isWithdrawn = state === 'withdrawn';
    const known = releases.get(id) ?? { id, version, sha256, isWithdrawn };
    expect({ version, sha256 }).toEqual({ version: known.version, sha256: known.sha256 });
    if (!doubtful.has(id)) expect(isWithdrawn, `release ${id}`).toBe(known.isWithdrawn);
    known.isWithdrawn = isWithdrawn;
    releases.set(id, known);
    doubtful.delete(id);
  }
  expect(stored).toHaveLength(releases.size);
}

/** Every package is a whole one, and every release has its own. */
async function expectPackages({ releases }: World, checked: Set<string>): Promise<void> {
  const folder = join(dataDir, 'packages');
  const names = await readdir(folder);
  for (const name of names.filter((one) => !checked.has(one))) {
    const bytes = await readFile(join(folder, name));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(name);
    checked.add(name);
  }
  expect(names).toEqual(expect.arrayContaining([...releases.values()].map(({ sha256 }) => sha256)));
}

async function expectDevices({ server, devices, access, doubtful }: World): Promise<void> {
  const { items } = await server.call<{ readonly items: readonly Listing[] }>('devices', { project: PROJECT });
  for (const device of devices) {
    const { id } = device;
    const listing = items.find((one) => one.id === id);
    if (doubtful.has(id)) access.set(id, listing?.access ?? 'default');
    expect(listing?.access ?? 'default', id).toBe(access.get(id) ?? 'default');
    if (device.isRegistered) expect(listing?.record, `${id} was registered`).toBeDefined();
    if (!device.isUnsure) expectCounters(device, listing?.record ?? {});
    const { sent, deliveries } = listing?.record ?? {};
    device.lastSent = sent?.sha256;
    device.counter = deliveries;
    device.isUnsure = false;
    doubtful.delete(id);
  }
  expect([...doubtful]).toEqual([]);
}

function expectCounters(device: Device, { sent, deliveries }: NonNullable<Listing['record']>): void {
  const { counter, version, lastSent, takes } = device;
  expect(sent?.sha256).toBe(lastSent);
  // That counters are forgotten for another version follows within a second.
  const isForgotten = deliveries === undefined && counter?.version !== version;
  if (isForgotten || counter === undefined) return;
  const { count, ...what } = counter;
  expect(deliveries).toMatchObject(what);
  // A delivery that the device left is taken back.
  if (takes === 'parts') expect(deliveries?.count).toBeLessThanOrEqual(count);
  else expect(deliveries?.count).toBe(count);
}

/** The log has each promise whose head came, and no more than were asked for; nothing was sent that was not. */
async function expectLog({ server, devices, releases }: World): Promise<void> {
  const entries = await server.call<readonly Entry[]>('log');
  for (const device of devices) {
    const { id, seen, unheard, whole, left, takes } = device;
    const own = entries.filter((entry) => entry.id === id);
    const offered = own.filter(({ event }) => event === 'offered');
    const hashes = offered.map(({ release = 0 }) => releases.get(release)?.sha256);
    let heads = 0;
    for (const [sha256, count] of seen) {
      expect(hashes.filter((one) => one === sha256).length, `${id} saw ${sha256}`).toBeGreaterThanOrEqual(count);
      heads += count;
    }
    expect(offered.length).toBeLessThanOrEqual(heads + unheard);
    const sent = own.filter(({ event }) => event === 'sent').length;
    expect(sent, `${id} sent`).toBeLessThanOrEqual(takes === 'parts' ? whole + left : whole);
  }
}

async function expectAll(world: World, checked: Set<string>): Promise<void> {
  await expectReleases(world);
  await expectPackages(world, checked);
  await expectDevices(world);
  await expectLog(world);
}

it(`restarts after ${KILLS} kills of the server in the middle of publishing and serving, and has lost nothing that it said`, {
  timeout: KILLS * 20_000,
}, async () => {
  const random = randomNumbers(SEED);
  const world = worldOf(await started(), random);
  const checked = new Set<string>();
  const kills = { publishing: 0, serving: 0 };
  await world.server.call('project', { name: PROJECT, key: KEY });
  for (let kill = 0; kill < KILLS; kill += 1) {
    const over = live(world);
    // The moment is what is tried at random, but not before there is something to lose.
    await Promise.race([over, untilSaid(world, random() * 30).then(() => pass(random() * 30))]);
    kills.publishing += world.publishing;
    kills.serving += world.serving > 0 ? 1 : 0;
    await world.server.kill();
    await over;
    expect(world.server.problems).toEqual([]);
    world.server = await started();
    await expectAll(world, checked);
  }
  const { acknowledged, promises, bodies, resumed, resumedAcross } = world.tally;
  told =
    `${KILLS} kills of the upgrade server (seed ${SEED}), ${kills.publishing} while it published and ${kills.serving} ` +
    `while it served: ${acknowledged} acknowledged changes and ${promises} promises to devices kept, ${bodies} whole ` +
    `bodies right, ${resumed} resumes of the same bytes, ${resumedAcross} of them across a kill`;
  expect(Math.min(kills.publishing, kills.serving, promises, bodies, resumedAcross), told).toBeGreaterThan(0);

  // A graceful end loses nothing at all: each body that came whole is in the log by then.
  const sentTo = async ({ id }: Device): Promise<number> =>
    (await world.server.call<readonly Entry[]>('log')).filter((one) => one.id === id && one.event === 'sent').length;
  const loyal = world.devices.filter(({ takes }) => takes !== 'parts');
  const before = await Promise.all(loyal.map(async (device) => (await sentTo(device)) - device.whole));
  const over = live(world);
  await Promise.race([over, untilSaid(world, 20)]);
  world.isOver = true;
  await over;
  await world.server.call('close');
  await world.server.kill();
  world.server = await started();
  await expectAll(world, checked);
  const after = await Promise.all(loyal.map(async (device) => (await sentTo(device)) - device.whole));
  expect(after).toEqual(before);
});
