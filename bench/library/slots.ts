import { spawn } from 'node:child_process';
import { randomBytes, randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { formatKeyRing } from '@libfota2/protocol';
import { makeSigner } from '@libfota2/testkit';
import { median, run } from '../measure.ts';
import { type Served, serveImage, startNode } from '../servers.ts';

/** What an agent writes down in one upgrade, beside the image. */
export interface JournalCost {
  readonly syncs: number;
  readonly bytes: number;
  readonly seconds: number;
  /** As many bytes and syncs of one file. */
  readonly limitSeconds: number;
}

/** Medians over the rounds; of the peaks, over three at most. */
export interface SlotsContest {
  readonly mib: number;
  readonly seconds: Readonly<Record<'install' | 'copy' | 'installArchive' | 'extract', number>>;
  readonly journal: JournalCost;
  /** Highest resident size of an upgrade with an image of 1 GiB, and of a Node that does nothing. */
  readonly peakMiB: Readonly<Record<'idle' | 'file' | 'tar' | 'tarGz', number>>;
}

const child = (name: string): string => fileURLToPath(new URL(`../children/${name}.js`, import.meta.url));
const node = `'${process.execPath.replaceAll("'", "'\\''")}'`;
const GIB = 1024 ** 3;
/** Runs with 1 GiB, each of which takes its time. */
const MOST_PEAKS = 3;
/** So that an archive that saves nothing is an image of less than 1 GiB, the most that is taken. */
const PACKED_BYTES = GIB - 4 * 1024 ** 2;

/** The price of slots, each in turn, in folders of their own. */
export async function slotsContest(mib: number, rounds: number, say: (step: string) => void): Promise<SlotsContest> {
  const home = await mkdtemp(join(tmpdir(), 'libfota2-bench-'));
  try {
    say('installing');
    const seconds = await installs(home, mib, rounds);
    say('what is written down');
    const journal = await journals(home, rounds);
    say('an image of 1 GiB');
    return { mib, seconds, journal, peakMiB: await peaks(home, Math.min(rounds, MOST_PEAKS)) };
  } finally {
    await rm(home, { recursive: true });
  }
}

async function installs(home: string, mib: number, rounds: number): Promise<SlotsContest['seconds']> {
  const image = join(home, 'app');
  const archive = join(home, 'app.tar.gz');
  const dir = join(home, 'device');
  await writeFile(image, randomFillSync(Buffer.alloc(mib * 1024 ** 2)));
  await pack(home, archive, 1);
  const inside = (from: string) => (): number =>
    (JSON.parse(run(`${node} "$1" "$2" "$3"`, child('install'), from, dir).said) as { readonly seconds: number })
      .seconds;
  const contestants = {
    install: inside(image),
    copy: () => run('cp "$1" "$2/app" && sync "$2/app" "$2"', image, dir).wallS,
    installArchive: inside(archive),
    extract: () => run('tar -xzf "$1" -C "$2" && sync "$2/app" "$2"', archive, dir).wallS,
  };
  const results = new Map(Object.keys(contestants).map((name) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, measure] of Object.entries(contestants)) {
      await mkdir(dir);
      // What others wrote is not to be synced on this one's time.
      run('sync -f "$1"', home);
      const result = measure();
      await rm(dir, { recursive: true });
      if (round > 0) results.get(name)?.push(result);
    }
  }
  await Promise.all([image, archive].map((path) => rm(path)));
  return Object.fromEntries([...results].map(([name, all]) => [name, median(all)])) as SlotsContest['seconds'];
}

async function journals(home: string, rounds: number): Promise<JournalCost> {
  const [signer, ringSigner] = [makeSigner(1), makeSigner(2)];
  const image = randomBytes(100_000);
  const ring = { releaseKeys: [signer.publicKey], ringKeys: [ringSigner.publicKey], project: 'bench', serial: 1 };
  await writeFile(join(home, 'image.bin'), image);
  await writeFile(join(home, 'image.bin.minisig'), signer.release(image, { project: 'bench', firmwareName: 'bench' }));
  await writeFile(join(home, 'key-ring.txt'), formatKeyRing(ring));
  const key = 'k'.repeat(32);
  const server = await startNode('the server', 'trusted', [join(home, 'data'), home, key]);
  try {
    const costs: JournalCost[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      // Another device each time: one that comes back with an old version is another story.
      const dir = join(home, `device ${round}`);
      const args = [`${server.origin}/upgrade`, dir, join(home, 'key-ring.txt'), key, `86000000000000${round}`];
      const { said } = run(`${node} "$1" "$2" "$3" "$4" "$5" "$6"`, child('journal'), ...args);
      const cost = JSON.parse(said) as JournalCost & { readonly stage: string };
      if (cost.stage !== 'confirmed') throw new Error(`the agent did not get there: ${said}`);
      if (round > 0) costs.push(cost);
    }
    const middle = (of: keyof JournalCost): number => median(costs.map((cost) => cost[of]));
    return {
      syncs: middle('syncs'),
      bytes: middle('bytes'),
      seconds: middle('seconds'),
      limitSeconds: middle('limitSeconds'),
    };
  } finally {
    await server.stop();
  }
}

/** Zeros that take no room at their origin: at the device each of them is written. */
async function peaks(home: string, rounds: number): Promise<SlotsContest['peakMiB']> {
  const file = join(home, 'image.bin');
  const peakOf = (script: string, server?: Served): number => {
    const { said } = run(`${node} "$1" "$2/image.bin" "$3"`, child(script), server?.origin ?? '', join(home, 'device'));
    const { peakMiB, code } = JSON.parse(said) as { readonly peakMiB: number; readonly code?: string };
    if (server !== undefined && code !== 'downloaded') throw new Error(`1 GiB was not installed: ${said}`);
    return peakMiB;
  };
  const peakWith = async (): Promise<number> => {
    const server = await serveImage(file);
    const found: number[] = [];
    try {
      for (let round = 0; round < rounds; round += 1) {
        found.push(peakOf('slots', server));
        await rm(join(home, 'device'), { recursive: true });
      }
      return median(found);
    } finally {
      await server.stop();
    }
  };
  const zeros = async (path: string, bytes: number): Promise<void> => {
    await writeFile(path, '');
    await truncate(path, bytes);
  };
  const idle = peakOf('idle');
  await zeros(file, GIB);
  const whole = await peakWith();
  await zeros(join(home, 'app'), PACKED_BYTES);
  run('tar -cf "$1" -C "$2" app', file, home);
  const tar = await peakWith();
  await pack(home, file, 0);
  return { idle, file: whole, tar, tarGz: await peakWith() };
}

/** A `.tar.gz` of the file `app` in a folder. */
async function pack(home: string, to: string, level: number): Promise<void> {
  const tar = spawn('tar', ['-cf', '-', '-C', home, 'app'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await pipeline(tar.stdout, createGzip({ level }), createWriteStream(to));
}
