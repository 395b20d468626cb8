import { type Cut, failingFiles, PowerDisk, type Tree } from '@libfota2/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Machine, powerOn } from './support/cuts/agent.ts';
import { type Release, release } from './support/cuts/device.ts';
import { type Files, folders } from './support/cuts/kinds.ts';
import type { Promised } from './support/cuts/scenarios.ts';
import { digestOf, runsOn } from './support/cuts/verdict.ts';
import { proof } from './support/proof.ts';

const prove = process.env['PROVE'] !== undefined;
/** Random subsets of what is unsynced, at each moment, beside all and nothing of it. */
const SAMPLES = prove ? 10 : 1;
/** Every so many of the disks that differ, and of the calls that fail. */
const GO_ON = prove ? 1 : 37;
const FAULTS = prove ? 1 : 41;

const [one, two, three] = [
  await release(folders, '1.0.0'),
  await release(folders, '2.0.0'),
  await release(folders, '3.0.0'),
];
const known = [one, two, three];
const tally = { cuts: 0, operations: 0, wentOn: 0, faults: 0 };

/** What runs with the first version, installed and started by its agent. */
async function withOne(): Promise<Tree> {
  const disk = new PowerDisk(folders.empty);
  const { agent } = await powerOn({ disk, files: disk.files, known, offer: one, isWell: () => true });
  await agent.checkNow();
  expect(agent.status.stage).toBe('confirmed');
  return disk.tree;
}

interface Story {
  readonly name: string;
  isWell(running: Release | undefined): boolean;
  readonly end: Release;
  readonly stage: string;
}

const stories: readonly Story[] = [
  { name: 'a version that is well', isWell: () => true, end: two, stage: 'confirmed' },
  { name: 'a version that fails its probe', isWell: (running) => running !== two, end: one, stage: 'rolled-back' },
];

/** The agent takes the second version, and tries it; what may be relied on meanwhile is kept in `promised`. */
async function live(disk: PowerDisk, files: Files, { isWell }: Story, promised: Promised): Promise<Machine> {
  const names = (...some: readonly Release[]): readonly string[] => some.map(({ version }) => version);
  const machine = await powerOn({
    disk,
    files,
    known,
    offer: two,
    isWell,
    onStatus({ stage, release }) {
      if (release?.version !== two.version) return;
      if (stage === 'downloading') Object.assign(promised, { mayRun: names(one, two), isSettled: false });
      if (stage === 'trying') Object.assign(promised, { mayRun: isWell(two) ? names(two) : names(two, one) });
      if (stage === 'confirmed') Object.assign(promised, { mayRun: names(two), isSettled: true });
      if (stage === 'rolled-back')
        Object.assign(promised, { mayRun: names(one), isSettled: true, gaveUp: two.version });
    },
  });
  await machine.agent.checkNow();
  return machine;
}

/** The power comes back: the next agent ends what this one began, and the device gets the version after it. */
async function goOn(tree: Tree, { isWell, end }: Story): Promise<void> {
  const disk = new PowerDisk(tree);
  const common = { disk, files: disk.files, known, isWell };
  const second = await powerOn({ ...common, offer: two });
  await second.agent.checkNow();
  if (second.running() !== end) throw new Error(`${second.running()?.version} runs, not ${end.version}`);
  if (second.agent.status.stage === 'failed') throw new Error(`failed: ${second.agent.status.failure?.message}`);
  const third = await powerOn({ ...common, offer: three });
  await third.agent.checkNow();
  const { stage, failure } = third.agent.status;
  if (third.running() !== three || stage !== 'confirmed') throw new Error(`${stage}: ${failure?.message}`);
}

describe.each(stories)('an agent with $name', { timeout: 600_000 }, (story) => {
  let start: Tree;
  const left = new Map<string, { readonly tree: Tree; readonly how: string }>();
  const wrong: string[] = [];

  beforeAll(async () => {
    start = await withOne();
    const disk = new PowerDisk(start, SAMPLES);
    const promised: Promised = { mayRun: [one.version], isSettled: true, ring: 0 };
    disk.onCut = (cut: Cut) => {
      tally.cuts += 1;
      const how = `cut ${cut.when} operation ${cut.operation}, ${cut.name}; unsynced: ${cut.unsynced}`;
      try {
        runsOn(cut.tree, promised, { kind: folders, known });
      } catch (error) {
        wrong.push(`${how}: ${(error as Error).message}`);
      }
      left.set(digestOf(cut.tree), { tree: cut.tree, how });
    };
    const { agent, running } = await live(disk, disk.files, story, promised);
    tally.operations += disk.operations.length;
    expect([agent.status.stage, running()?.version]).toEqual([story.stage, story.end.version]);
  });

  it('has a complete version to start wherever the power goes', () => {
    expect(wrong).toEqual([]);
    expect(left.size).toBeGreaterThan(100);
  });

  it('goes on from there, and to the next version', async () => {
    for (const [index, { tree, how }] of [...left.values()].entries()) {
      if (index % GO_ON !== 0) continue;
      await goOn(tree, story).catch((error: Error) => {
        throw new Error(`${how}: ${error.message}`, { cause: error });
      });
      tally.wentOn += 1;
    }
  });

  it.each(['ENOSPC', 'EIO'])('goes on after any call failed with %s, and the power went', async (code) => {
    for (let call = 1; ; call += FAULTS) {
      const disk = new PowerDisk(start);
      const { files, calls } = failingFiles(disk.files, { call, code, forGood: false });
      const promised: Promised = { mayRun: [one.version], isSettled: true, ring: 0 };
      // The launcher ends where it cannot read; a supervisor starts it again.
      await live(disk, files, story, promised).catch(() => undefined);
      if (calls() < call) break;
      tally.faults += 1;
      for (const unsynced of ['kept', 'dropped'] as const) {
        const tree = disk.left(unsynced);
        // A record whose sync failed counts until the power goes; then the version may be on trial again.
        runsOn(tree, { ...promised, mayRun: [one.version, two.version], isSettled: false }, { kind: folders, known });
        await goOn(tree, story).catch((error: Error) => {
          throw new Error(`call ${call} failed with ${code}, ${unsynced}: ${error.message}`, { cause: error });
        });
      }
    }
  });
});

afterAll(() => {
  const { cuts, operations, wentOn, faults } = tally;
  proof(
    `${cuts} cuts of the power of a machine under its agent (${operations} operations), with a version that holds and one that fails its probe: 0 bricks; from ${wentOn} of the disks the next agent ` +
      `went on to that end and to the version after it; ${faults} calls that failed with ENOSPC or EIO, the power cut after them: 0 bricks`,
  );
});
