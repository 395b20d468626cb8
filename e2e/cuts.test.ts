import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failingFiles, type PowerDisk, type Tree } from '@libfota2/testkit';
import { launcherPath } from 'libfota2/slots';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchOn } from './support/cuts/device.ts';
import { type Files, folders, HOME, type Kind, partitions } from './support/cuts/kinds.ts';
import { type Promised, type Scenario, scenarios } from './support/cuts/scenarios.ts';
import { digestOf, goesOn, runsOn, versionIn } from './support/cuts/verdict.ts';
import { proof } from './support/proof.ts';

const prove = process.env['PROVE'] !== undefined;
/** Random subsets of what is unsynced, at each moment, beside all and nothing of it. */
const SAMPLES = prove ? 20 : 3;
/** Every so many of the disks that differ go on to the next versions, are cut again meanwhile, are started by the real launcher. */
const GO_ON = prove ? 1 : 12;
const PAIRS = prove ? 1 : 60;
/** In `npm test` the partitions, whose code is the same but for the target, take so many times less. */
const THIN = prove ? 1 : 6;
/** Every so many pairs of cuts go on. */
const GO_ON_TWICE = 199;
const LAUNCH = prove ? 5 : 100;

/** Names of scenarios stay what they were before there were partitions. */
const ALL = [
  ...(await scenarios(folders)),
  ...(await scenarios(partitions)).map((one) => ({ ...one, name: `in partitions: ${one.name}` })),
];

const tally = { operations: 0, cuts: 0, disks: 0, pairs: 0, wentOn: 0, wentOnTwice: 0, launches: 0, faults: 0 };

/** A disk that a cut left, and what the device had been told before. */
interface Left {
  readonly tree: Tree;
  readonly promised: Promised;
  readonly how: string;
}

/** All that differ, of all that cuts may leave. What must hold of each at once is checked on the way. */
async function cutsOf(scenario: Scenario, filesOn = (disk: PowerDisk): Files => disk.files): Promise<readonly Left[]> {
  const left = new Map<string, Left>();
  const disk = scenario.kind.disk(scenario.start, SAMPLES);
  const promised: Promised = { ...scenario.promised };
  // Kept, for the library may go on after a note that it could not write.
  const wrong: string[] = [];
  let cuts = 0;
  const look = (tree: Tree, how: string): void => {
    cuts += 1;
    const why = whyNot(() => runsOn(tree, promised, scenario));
    if (why !== undefined) wrong.push(`${how}: ${why}`);
    const digest = digestOf(tree) + JSON.stringify(promised);
    if (!left.has(digest)) left.set(digest, { tree, promised: { ...promised }, how });
  };
  disk.onCut = ({ tree, when, operation, name, unsynced }) =>
    look(tree, `cut ${when} operation ${operation}, ${name}; unsynced: ${unsynced}`);
  const { kind } = scenario;
  const end: unknown = await scenario.run({ kind, disk, files: filesOn(disk), promised }).catch((error) => error);
  // What it was told at last must hold without anything more being done.
  for (const fate of ['kept', 'dropped'] as const) look(disk.left(fate), `cut at the end; unsynced: ${fate}`);
  if (wrong.length > 0) throw new Error(`${wrong.length} bricks: ${wrong[0]}`);
  if (end !== undefined) throw end;
  tally.cuts += cuts;
  tally.operations += disk.operations.length;
  tally.disks += left.size;
  return [...left.values()];
}

function whyNot(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whatever is thrown says what led there. */
async function told(how: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`${how}: ${(error as Error).message}`, { cause: error });
  }
}

/** Starts it as a machine would, on a real disk. Returns what the version says that was started, and the record then. */
async function launchForReal(
  tree: Tree,
  kind: Kind,
): Promise<{ readonly says: string; readonly copies: readonly string[] }> {
  const dir = await mkdtemp(join(tmpdir(), 'libfota2 cuts '));
  try {
    await kind.materialize(tree, dir);
    const says = execFileSync('sh', [launcherPath, dir, 'sh', kind.command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
    tally.launches += 1;
    const copies = ['boot.0', 'boot.1'].map((name) => readFile(join(dir, name), 'latin1').catch(() => ''));
    return { says, copies: await Promise.all(copies) };
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** The script starts a complete version, the one that its twin starts, and leaves the same record. */
async function startsForReal(tree: Tree, scenario: Scenario): Promise<void> {
  const { kind } = scenario;
  const twin = kind.disk(tree);
  const slot = await launchOn(twin);
  if (slot === undefined) return;
  const version = versionIn(twin.tree, slot, scenario);
  const { says, copies } = await launchForReal(tree, kind);
  expect(says).toBe(`${version?.version} in ${slot}`);
  expect(copies).toEqual(
    ['boot.0', 'boot.1'].map((name) => twin.tree.get(`${HOME}/${name}`)?.toString('latin1') ?? ''),
  );
}

type Node = 'files' | 'folders' | 'devices';

/** The calls of a disk on which syncing does nothing for some of what it has. */
function unsyncing(disk: PowerDisk, what: Node): Files {
  const open = async (path: string, flags = 'r'): Promise<unknown> => {
    const file = await disk.files.open(path, flags);
    const stat = await file.stat();
    const isMeant = { files: stat.isFile(), folders: stat.isDirectory(), devices: stat.isBlockDevice() }[what];
    const skip = async (): Promise<void> => undefined;
    return isMeant ? Object.assign(file, { sync: skip, datasync: skip }) : file;
  };
  return { ...disk.files, open: open as PowerDisk['files']['open'] };
}

/** The calls of a disk on which each device is taken for the other one. */
function mistaking({ files }: PowerDisk): Files {
  const other = new Map([
    ['/dev/a', '/dev/b'],
    ['/dev/b', '/dev/a'],
  ]);
  const open = async (path: string, flags = 'r'): Promise<unknown> => files.open(other.get(path) ?? path, flags);
  return { ...files, open: open as PowerDisk['files']['open'] };
}

describe('what is proven here', () => {
  const of = (kind: Kind): readonly Scenario[] => ALL.filter((one) => one.kind === kind);
  /** In `npm test` the first install and a full one. */
  const inPartitions = prove ? of(partitions) : of(partitions).slice(0, 2);
  const fails = async (scenario: Scenario, filesOn: (disk: PowerDisk) => Files): Promise<void> => {
    const end = await cutsOf(scenario, filesOn).then(
      () => 'nothing was found',
      (error: Error) => error.message,
    );
    expect(end, scenario.name).toMatch(/\d bricks: cut/);
  };

  it.each(['files', 'folders'] as const)('fails where %s are not synced', async (what) => {
    for (const scenario of of(folders)) await fails(scenario, (disk) => unsyncing(disk, what));
  });

  it.each(['files', 'devices'] as const)('fails where %s of partitions are not synced', async (what) => {
    for (const scenario of inPartitions) await fails(scenario, (disk) => unsyncing(disk, what));
  });

  it('fails where the partition is written that runs', async () => {
    for (const scenario of inPartitions) await fails(scenario, mistaking);
  });
});

describe.each(ALL)('$name', { timeout: 1_800_000 }, (scenario) => {
  const thin = scenario.kind === partitions ? THIN : 1;
  let left: readonly Left[];
  beforeAll(async () => {
    left = await cutsOf(scenario);
  });

  it('leaves a complete version that is started, wherever the power goes', () => {
    expect(left.length).toBeGreaterThan(20);
  });

  it('goes on from there to the version that it was about to get, and to the next', async () => {
    for (const [index, { tree, promised, how }] of left.entries()) {
      if (index % (GO_ON * thin) !== 0) continue;
      await told(how, () => goesOn(tree, scenario, promised));
      tally.wentOn += 1;
    }
  });

  it('leaves a complete version wherever the power goes twice', async () => {
    for (const [index, { tree, promised, how }] of left.entries()) {
      if (index % (PAIRS * thin) !== 0) continue;
      const wrong: string[] = [];
      const twice: (readonly [Tree, Promised])[] = [];
      await told(how, () =>
        goesOn(tree, scenario, promised, (again, meanwhile) => {
          tally.pairs += 1;
          if (tally.pairs % GO_ON_TWICE === 0) twice.push([again, { ...meanwhile }]);
          const why = whyNot(() => runsOn(again, meanwhile, scenario));
          if (why !== undefined) wrong.push(why);
        }),
      );
      expect(wrong, how).toEqual([]);
      for (const [again, meanwhile] of twice) await told(`${how}, and again`, () => goesOn(again, scenario, meanwhile));
      tally.wentOnTwice += twice.length;
    }
  });

  it('is started by the script as by its twin here', async () => {
    for (const [index, { tree, how }] of left.entries()) {
      if (index % (LAUNCH * thin) === 0) await told(how, () => startsForReal(tree, scenario));
    }
  });

  it.each(['ENOSPC', 'EIO'])(
    'goes on after any call of the file system failed with %s, and the power went',
    async (code) => {
      const step = prove ? 1 : 29 * thin;
      for (const forGood of [false, true]) {
        for (let call = 1; ; call += step) {
          const disk = scenario.kind.disk(scenario.start);
          const promised: Promised = { ...scenario.promised };
          const { files, calls } = failingFiles(disk.files, { call, code, forGood });
          const story = await scenario.run({ kind: scenario.kind, disk, files, promised }).then(
            () => 'all the same it came about',
            (error: Error) => error.message,
          );
          if (calls() < call) break;
          tally.faults += 1;
          const how = `call ${call} failed with ${code}${forGood ? ' for good' : ''} (${story})`;
          for (const unsynced of ['kept', 'dropped'] as const) {
            await told(`${how}, ${unsynced}`, async () => {
              const tree = disk.left(unsynced);
              runsOn(tree, promised, scenario);
              await goesOn(tree, scenario, promised);
            });
          }
        }
      }
    },
  );
});

afterAll(() => {
  const { operations, cuts, disks, pairs, wentOn, wentOnTwice, launches, faults } = tally;
  proof(
    `${cuts + pairs} cuts of the power and pairs of them, of devices in two folders and in two partitions (${operations} operations × before, torn, after × what was unsynced kept, dropped, or some of it by ` +
      `${SAMPLES} seeds), ${disks} different disks left by the first: 0 bricks; ${wentOn} of them, and ${wentOnTwice} of pairs, went on to the next two versions, the launcher started ${launches}; ` +
      `${faults} calls that failed with ENOSPC or EIO, the power cut after them: 0 bricks`,
  );
});
