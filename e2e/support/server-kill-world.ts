/** Devices and an operator that use a server which may be killed at any moment, and what they have seen of it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { ask, type Heard, type Killable, Killed } from './server-kill.ts';

export const PROJECT = 'sample';
export const KEY: string = 'k'.repeat(32);
const DELIVERIES_PER_DAY = 6;

/** A release that the server has told of. */
export interface Published {
  readonly id: number;
  readonly version: string;
  readonly sha256: string;
  isWithdrawn: boolean;
}

interface Part {
  readonly sha256: string;
  readonly size: number;
  readonly bytes: Buffer;
  /** The server that it came from, the last of it. */
  readonly from: Killable;
  /** Whether the device comes back only to the next server. */
  readonly waits: boolean;
  /** How often it came back. */
  readonly resumes: number;
}

/** Each resume brings a package at most, and of three packages the rest is a question as any other (docs/protocol.md §10.4). */
const RESUMES_FOR_SURE = 3;

/** What one device has seen; it asks one question at a time. */
export interface Device {
  readonly id: string;
  /** `parts`: goes away in the middle and comes back for the rest. `never`: keeps its version, whatever it gets. */
  readonly takes: 'all' | 'parts' | 'never';
  version: string;
  /** What it has of a package, to go on with. */
  part: Part | undefined;
  /** By hash, how many times the head of a 200 came. */
  readonly seen: Map<string, number>;
  /** Questions of which no head came: the server has promised something, or nothing. */
  unheard: number;
  /** Since the last restart there was such a question, or an operator's word: counters may be one or the other. */
  isUnsure: boolean;
  counter: { readonly sha256: string; readonly version: string; readonly count: number } | undefined;
  lastSent: string | undefined;
  /** Two packages were promised to it on one version: a resume may be refused. */
  isDoubtful: boolean;
  isRegistered: boolean;
  /** Bodies that came to their end, and those that the device left. */
  whole: number;
  left: number;
}

export interface World {
  server: Killable;
  readonly random: () => number;
  /** By number. */
  readonly releases: Map<number, Published>;
  readonly access: Map<string, string>;
  /** Of the operator on devices, so far. */
  words: number;
  /** What was begun and not acknowledged: releases by number, devices by id. */
  readonly doubtful: Set<number | string>;
  readonly devices: readonly Device[];
  /** Publications so far: the last number of the version, and the seed of the image. */
  publications: number;
  publishing: number;
  serving: number;
  /** Nobody begins anything any more. */
  isOver: boolean;
  readonly tally: { acknowledged: number; promises: number; bodies: number; resumed: number; resumedAcross: number };
}

export function worldOf(server: Killable, random: () => number): World {
  const habits = ['all', 'all', 'parts', 'parts', 'parts', 'parts', 'never'] as const;
  return {
    server,
    random,
    releases: new Map(),
    access: new Map(),
    words: 0,
    doubtful: new Set(),
    devices: habits.map((takes, number) => deviceOf(`86700000000000${number}`, takes)),
    publications: 0,
    publishing: 0,
    serving: 0,
    isOver: false,
    tally: { acknowledged: 0, promises: 0, bodies: 0, resumed: 0, resumedAcross: 0 },
  };
}

function deviceOf(id: string, takes: Device['takes']): Device {
  const nothing = { part: undefined, counter: undefined, lastSent: undefined, isDoubtful: false };
  const none = { unheard: 0, whole: 0, left: 0, seen: new Map(), isUnsure: false, isRegistered: false };
  return { id, takes, version: '1.0.0', ...nothing, ...none };
}

/** Lets `more` further things be said and heard, and then waits until a device has a part of a package. */
export async function untilSaid(world: World, more: number): Promise<void> {
  const said = (): number => world.tally.acknowledged + world.tally.promises + world.tally.resumed;
  const { server } = world;
  const enough = said() + more;
  const isEnough = (): boolean => said() >= enough && world.devices.some(({ part }) => part !== undefined);
  while (!isEnough() && !server.isGone()) await pass(1);
}

/** Everybody does what they do, until the server is killed or the world is over. */
export async function live(world: World): Promise<void> {
  const again = async (work: () => Promise<void>): Promise<void> => {
    while (!world.server.isGone() && !world.isOver) {
      await work().catch((problem: unknown) => {
        if (!(problem instanceof Killed)) throw problem;
      });
      await pass(world.random() * 8);
    }
  };
  const devices = world.devices.map((device) =>
    again(() => (device.part === undefined ? askAnew(world, device) : goOn(world, device, device.part))),
  );
  await Promise.all([again(() => publish(world)), again(() => operate(world)), ...devices]);
}

async function publish(world: World): Promise<void> {
  const { server, random, releases, tally } = world;
  world.publications += 1;
  const seed = world.publications;
  // Most are small, some do not fit into the memory of sockets.
  const bytes = 1 + Math.floor(random() ** 3 * 3_000_000);
  world.publishing += 1;
  try {
    const what = { project: PROJECT, version: `1.1.${seed}`, seed, bytes };
    const { id, version, packages } = await server.call<StoredRelease>('publish', what);
    releases.set(id, { id, version, sha256: packages[0]?.sha256 ?? '', isWithdrawn: false });
    tally.acknowledged += 1;
  } finally {
    world.publishing -= 1;
  }
}

export interface StoredRelease {
  readonly id: number;
  readonly version: string;
  readonly state: string;
  readonly packages: readonly { readonly sha256: string }[];
}

async function operate(world: World): Promise<void> {
  const { server, random, releases, access, doubtful, devices, tally } = world;
  const oneOf = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)];
  if (random() < 0.3) {
    const release = oneOf([...releases.values()].filter(({ isWithdrawn }) => !isWithdrawn));
    if (release === undefined) return;
    doubtful.add(release.id);
    await server.call('withdraw', { release: release.id });
    release.isWithdrawn = true;
    doubtful.delete(release.id);
  } else {
    const device = oneOf(devices);
    if (device === undefined) return;
    const word = random() < 0.3 ? 'blocked' : 'allowed';
    doubtful.add(device.id);
    world.words += 1;
    device.isUnsure = true;
    await server.call('access', { project: PROJECT, id: device.id, access: word });
    access.set(device.id, word);
    doubtful.delete(device.id);
  }
  tally.acknowledged += 1;
  await pass(random() * 30);
}

/** Asks, and goes away in the middle where that is its habit. */
async function asks(world: World, device: Device, ...headers: readonly string[]): Promise<Heard> {
  const { server, random } = world;
  const target = `/upgrade?imei=${device.id}&project_key=${KEY}&firmware_name=app&version=${device.version}`;
  const isPatient = device.takes !== 'parts' || random() < 0.4;
  world.serving += 1;
  const heard = await ask(server.port, target, headers, isPatient ? Number.POSITIVE_INFINITY : random() * 200_000);
  world.serving -= 1;
  if (heard.isLeft) device.left += 1;
  return heard;
}

/** The rest is of the same bytes, whatever was published, withdrawn, blocked or killed meanwhile. */
async function goOn(world: World, device: Device, part: Part): Promise<void> {
  const { server, tally, random } = world;
  const { sha256, size, bytes, from, waits, resumes } = part;
  if (waits && from === server && !world.isOver) return;
  const { status, headers, body } = await asks(world, device, `Range: bytes=${bytes.length}-`);
  if (status === undefined) {
    device.part = { ...part, resumes: resumes + 1 };
    return;
  }
  const isQuestion = resumes > RESUMES_FOR_SURE && [403, 404, 416].includes(status);
  if (isQuestion || (status === 416 && device.isDoubtful)) {
    device.part = undefined;
    return;
  }
  assert.deepEqual(
    [status, headers['etag'], headers['content-range']],
    [206, `"${sha256}"`, `bytes ${bytes.length}-${size - 1}/${size}`],
  );
  tally.resumed += 1;
  if (from !== server) tally.resumedAcross += 1;
  take(world, device, {
    ...{ sha256, size, from: server, resumes: resumes + 1 },
    bytes: Buffer.concat([bytes, body]),
    waits: random() < 0.5,
  });
}

async function askAnew(world: World, device: Device): Promise<void> {
  const { server, releases, access, doubtful, tally, random } = world;
  const { id, version } = device;
  const withdrawn = [...releases.values()].filter(({ isWithdrawn }) => isWithdrawn).map(({ sha256 }) => sha256);
  const isFirmwareKnown = releases.size > 0;
  const isBlocked = access.get(id) === 'blocked' && !doubtful.has(id);
  const { words } = world;
  const { status, headers, body, isAsked } = await asks(world, device);
  if (status === undefined) {
    device.unheard += isAsked ? 1 : 0;
    device.isUnsure ||= isAsked;
    return;
  }
  if (status !== 200) {
    assert.ok(status === 403 || status === 404, `an answer with ${status}`);
    device.isRegistered ||= status === 404 && isFirmwareKnown;
    return;
  }
  const sha256 = headers['etag']?.slice(1, -1) ?? '';
  // Unless a word was said meanwhile, which may have been another one.
  assert.ok(!isBlocked || words !== world.words, 'a blocked device got a package');
  assert.ok(!withdrawn.includes(sha256), 'a withdrawn release was offered');
  tally.promises += 1;
  device.isRegistered = true;
  device.isDoubtful ||= device.lastSent !== undefined && device.lastSent !== sha256;
  device.lastSent = sha256;
  device.seen.set(sha256, (device.seen.get(sha256) ?? 0) + 1);
  const before = device.counter;
  const isSame = before?.sha256 === sha256 && before.version === version;
  device.counter = { sha256, version, count: isSame ? before.count + 1 : 1 };
  const isExact = !device.isUnsure && device.takes !== 'parts';
  assert.ok(!isExact || device.counter.count <= DELIVERIES_PER_DAY, 'a device was sent too much');
  take(world, device, {
    sha256,
    size: Number(headers['content-length']),
    bytes: body,
    from: server,
    waits: random() < 0.5,
    resumes: 0,
  });
}

/** Keeps what came, and runs it where it is whole. */
function take({ releases, tally }: World, device: Device, part: Part): void {
  const { sha256, size, bytes } = part;
  device.part = undefined;
  if (bytes.length < size) {
    if (device.takes === 'parts' && bytes.length > 0) device.part = part;
    return;
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  assert.equal(found, sha256, 'a whole body that is not its package');
  device.whole += 1;
  tally.bodies += 1;
  if (device.takes === 'never') return;
  device.version = [...releases.values()].find((one) => one.sha256 === sha256)?.version ?? device.version;
}
