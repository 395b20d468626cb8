import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { proof } from './support/proof.ts';
import { KEY, live, PROJECT, type World, worldOf } from './support/rollout-kill.ts';
import { type Killable, randomNumbers, startKillable } from './support/server-kill.ts';

const prove = process.env['PROVE'] !== undefined;
const KILLS = prove ? 100 : 3;
const SEED = prove ? Date.now() % 2 ** 32 : 1;
/** Devices do not wait a minute before they tell what they run; whoever never runs it is held by the threshold, not by the loop guard. */
const OPTIONS = { settleMs: 0, deliveriesPerDay: 1_000 };

let dataDir: string;
const servers = new Set<Killable>();

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'fota rollout kill '));
});

afterEach(async () => {
  for (const server of servers) if (!server.isGone()) await server.kill();
  await rm(dataDir, { recursive: true });
});

interface Progress {
  readonly rollout: { readonly id: number; readonly wave: number; readonly state: string };
  readonly counts: ReadonlyArray<Readonly<Record<string, number>>>;
}

interface Stored {
  readonly id: string;
  readonly wave: number;
  readonly state: string;
  readonly failures: number;
}

function standingOf({ state, failures }: Stored): string {
  const isOpen = ['offered', 'downloading', 'downloaded', 'installed'].includes(state);
  if (failures > 0 && (isOpen || state === 'silent')) return 'failed';
  return isOpen ? 'under-way' : state;
}

/** What is stored is what is counted, and nothing that was acknowledged is lost. */
async function expectKept(world: World, seen: Map<number, number>): Promise<void> {
  const { server, rolled, confirmed } = world;
  for (const { rollout, counts } of await server.call<readonly Progress[]>('rollouts')) {
    const { id, wave, state } = rollout;
    expect(wave, `the wave of rollout ${id}`).toBeGreaterThanOrEqual(seen.get(id) ?? -1);
    seen.set(id, wave);
    const known = rolled.get(id);
    if (known?.halt === 'aborted') expect(state).toBe('aborted');
    const { items } = await server.call<{ readonly items: readonly Stored[] }>('attempts', { rollout: id });
    for (const device of confirmed.get(id) ?? []) {
      expect(
        items.find((one) => one.id === device),
        `${device} has shown rollout ${id}`,
      ).toMatchObject({ state: 'confirmed' });
    }
    for (const [place, of] of counts.entries()) {
      for (const [standing, count] of Object.entries(of)) {
        const stored = items.filter((one) => one.wave === place && standingOf(one) === standing).length;
        expect(count, `${standing} of wave ${place + 1} of rollout ${id}`).toBe(stored);
      }
    }
  }
}

it(`${KILLS} kills in the midst of rollouts lose no confirmation, open nothing that was closed, and count right`, async () => {
  const random = randomNumbers(SEED);
  const first = await startKillable(dataDir, OPTIONS);
  servers.add(first);
  await first.call('project', { name: PROJECT, key: KEY });
  const world = worldOf(first, random);
  const seen = new Map<number, number>();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const over = live(world);
    await pass(300 + random() * 900);
    await world.server.kill();
    await over;
    expect(world.server.problems).toEqual([]);
    world.server = await startKillable(dataDir, OPTIONS);
    servers.add(world.server);
    await expectKept(world, seen);
  }
  const { offers, confirmations, words } = world.tally;
  expect(Math.min(offers, confirmations, words)).toBeGreaterThan(0);
  proof(
    `SIGKILL at random in the midst of ${world.rolled.size} rollouts (seed ${SEED}): ${KILLS} kills; ${offers} offers, ${confirmations} confirmations ` +
      `and ${words} words of the operator acknowledged: no confirmation lost, no wave closed, nothing offered that was halted, every count as stored`,
  );
}, 600_000);
