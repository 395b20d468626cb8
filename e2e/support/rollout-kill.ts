/** Devices and an operator in the midst of rollouts, and what a server that may be killed at any moment has acknowledged to them. */
import assert from 'node:assert/strict';
import { setTimeout as pass } from 'node:timers/promises';
import { ask, type Killable, Killed } from './server-kill.ts';

export const PROJECT = 'sample';
export const KEY: string = 'k'.repeat(32);
const BYTES = 2_000;

interface Device {
  readonly id: string;
  /** What it makes of a package: starts it, starts its old version again, or asks no more for a while. */
  readonly fate: 'runs' | 'fails' | 'silent';
  version: string;
}

/** A rollout that was acknowledged to the operator. */
export interface Rolled {
  readonly id: number;
  readonly release: number;
  readonly version: string;
  readonly sha256: string;
  /** It offers nothing: so much is acknowledged. */
  halt: 'paused' | 'aborted' | undefined;
}

export interface World {
  server: Killable;
  readonly random: () => number;
  readonly devices: readonly Device[];
  readonly rolled: Map<number, Rolled>;
  /** Whether the global stop is on: so much is acknowledged. */
  isStopped: boolean;
  /** What the operator has begun to do, so far: whoever asks meanwhile may find it done, or not. */
  words: number;
  /** Of whom the server has heard that they run the release of a rollout, and whom it has answered. */
  readonly confirmed: Map<number, Set<string>>;
  versions: number;
  readonly tally: { offers: number; confirmations: number; words: number; refused: number };
}

export function worldOf(server: Killable, random: () => number): World {
  const fates = ['runs', 'runs', 'runs', 'runs', 'runs', 'runs', 'fails', 'silent'] as const;
  return {
    server,
    random,
    devices: Array.from({ length: 24 }, (_, at) => ({
      id: `8670000000001${String(at).padStart(2, '0')}`,
      fate: fates[at % fates.length] ?? 'runs',
      version: '1.0.0',
    })),
    rolled: new Map(),
    isStopped: false,
    words: 0,
    confirmed: new Map(),
    versions: 0,
    tally: { offers: 0, confirmations: 0, words: 0, refused: 0 },
  };
}

/** Everybody does what they do until the server is killed. */
export async function live(world: World): Promise<void> {
  const again = async (work: () => Promise<void>, restMs: number): Promise<void> => {
    while (!world.server.isGone()) {
      await work().catch((problem: unknown) => {
        if (!(problem instanceof Killed)) throw problem;
      });
      await pass(world.random() * restMs);
    }
  };
  await Promise.all([
    again(() => operate(world), 40),
    ...world.devices.map((device) => again(() => asks(world, device), 60)),
  ]);
}

async function operate(world: World): Promise<void> {
  const { random, rolled } = world;
  const open = [...rolled.values()].filter(({ halt }) => halt !== 'aborted');
  const some = open[Math.floor(random() * open.length)];
  const choice = random();
  if (some === undefined || choice < 0.12) await roll(world);
  else if (choice < 0.2) await setStop(world, !world.isStopped);
  else if (choice < 0.35) await halt(world, some, 'pauseRollout', 'paused');
  else if (choice < 0.42) await halt(world, some, 'abortRollout', 'aborted');
  else await goOn(world, some, choice < 0.8 ? 'resumeRollout' : choice < 0.9 ? 'skipWave' : 'retryRollout');
}

async function roll(world: World): Promise<void> {
  const { server } = world;
  world.versions += 1;
  const version = `1.1.${world.versions}`;
  const what = { project: PROJECT, version, seed: world.versions, bytes: BYTES, draft: true };
  const { id: release, packages } = await server.call<{ id: number; packages: Array<{ sha256: string }> }>(
    'publish',
    what,
  );
  const threshold = { count: 3 };
  const request = {
    ...{ release, waves: [{ percent: 40 }, { percent: 100 }], soakMs: 150, confirm: { percent: 30 } },
    ...{ silentAfterMs: 700, pause: { wave: threshold, overall: threshold } },
  };
  const { rollout } = await server.call<{ rollout: { id: number } }>('roll', { request });
  const { id } = rollout;
  world.rolled.set(id, { id, release, version, sha256: packages[0]?.sha256 ?? '', halt: undefined });
  world.tally.words += 1;
}

/** Refusals of a rollout's state are answers as others: it may have paused by itself. */
async function said(world: World, work: () => Promise<unknown>): Promise<boolean> {
  world.words += 1;
  try {
    await work();
    world.tally.words += 1;
    return true;
  } catch (problem) {
    if ((problem as { code?: unknown }).code !== 'rollout-state') throw problem;
    world.tally.refused += 1;
    return false;
  }
}

async function halt(world: World, rollout: Rolled, what: string, as: NonNullable<Rolled['halt']>): Promise<void> {
  const isDone = await said(world, () => world.server.call('step', { what, rollout: rollout.id }));
  if (isDone) rollout.halt = as;
}

async function goOn(world: World, rollout: Rolled, what: string): Promise<void> {
  // From the moment in which it begins it may offer.
  if (what === 'resumeRollout') rollout.halt = undefined;
  await said(world, () => world.server.call('step', { what, rollout: rollout.id }));
}

async function setStop(world: World, isOn: boolean): Promise<void> {
  if (!isOn) world.isStopped = false;
  await said(world, () => world.server.call('stop', { isOn }));
  world.isStopped = isOn;
}

async function asks(world: World, device: Device): Promise<void> {
  const { server, rolled, tally } = world;
  const { version } = device;
  // What is acknowledged before the question holds of its answer, unless the operator says another word meanwhile.
  const { words, isStopped } = world;
  const halted = new Set([...rolled.values()].filter(({ halt: is }) => is !== undefined).map(({ sha256 }) => sha256));
  const target = `/upgrade?imei=${device.id}&project_key=${KEY}&firmware_name=app&version=${version}`;
  const { status, headers, body } = await ask(server.port, target, [], Number.POSITIVE_INFINITY);
  if (status === undefined) return;
  const runs = [...rolled.values()].find((one) => one.version === version);
  if (runs !== undefined) {
    const confirmed = world.confirmed.get(runs.id) ?? new Set();
    world.confirmed.set(runs.id, confirmed);
    if (!confirmed.has(device.id)) tally.confirmations += 1;
    confirmed.add(device.id);
  }
  if (status !== 200) return;
  const sha256 = headers['etag']?.slice(1, -1) ?? '';
  tally.offers += 1;
  if (words === world.words) {
    assert.ok(!isStopped, 'something was offered although all upgrades were stopped');
    assert.ok(!halted.has(sha256), `a rollout that was halted has offered ${sha256}`);
  }
  if (body.length !== Number(headers['content-length'])) return;
  const got = [...rolled.values()].find((one) => one.sha256 === sha256);
  if (device.fate === 'silent') await pass(1_500);
  else if (device.fate === 'runs' && got !== undefined) device.version = got.version;
}
