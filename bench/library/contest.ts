import { createHash, randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatKeyRing } from '@libfota2/protocol';
import { makeSigner } from '@libfota2/testkit';
import { median, run } from '../measure.ts';
import { serveImage } from '../servers.ts';

const CONTESTANTS = ['idle', 'curl', 'loop', 'upgrade', 'signed'] as const;
export type Contestant = (typeof CONTESTANTS)[number];

/** Medians over the rounds. */
export interface Score {
  readonly cpuS: number;
  readonly wallS: number;
  /** The highest resident size; only Node's children tell it. */
  readonly peakMiB: number | undefined;
}

export interface Contest {
  readonly mib: number;
  readonly rounds: number;
  readonly server: string;
  readonly scores: Readonly<Record<Contestant, Score>>;
}

const child = (name: Contestant): string => fileURLToPath(new URL(`../children/${name}.js`, import.meta.url));
const node = `'${process.execPath.replaceAll("'", "'\\''")}'`;

/** Every contestant gets the URL as `$1`, an empty folder as `$2` and its script as `$3`, and prints the digest. */
const SCRIPTS: Readonly<Record<Contestant, string>> = {
  idle: `${node} "$3"`,
  curl: 'curl -s -o "$2/update.bin" "$1" && sync "$2/update.bin" && sha256sum "$2/update.bin"',
  loop: `${node} "$3" "$1" "$2"`,
  upgrade: `${node} "$3" "$1" "$2"`,
  signed: `${node} "$3" "$1" "$2"`,
};

/** Lets all contestants take the same image from the same server, in turns, and sees that each got it whole. */
export async function contest(mib: number, rounds: number, onRound: (round: number) => void): Promise<Contest> {
  const folder = await mkdtemp(join(tmpdir(), 'libfota2-bench-'));
  const file = join(folder, 'image.bin');
  const image = randomFillSync(Buffer.alloc(mib * 1024 ** 2));
  const sha256 = createHash('sha256').update(image).digest('hex');
  await writeFile(file, image);
  const [signer, ringSigner] = [makeSigner(1), makeSigner(2)];
  const keys = { releaseKeys: [signer.publicKey], ringKeys: [ringSigner.publicKey] };
  await writeFile(`${file}.minisig`, signer.release(image, { project: 'bench', firmwareName: 'bench' }));
  await writeFile(join(folder, 'key-ring.txt'), formatKeyRing({ project: 'bench', serial: 1, ...keys }));
  const server = await serveImage(file);
  try {
    const costs = CONTESTANTS.map((name) => ({ name, runs: [] as Score[] }));
    // The first round warms the disk's and the processor's caches and counts for nobody.
    for (let round = 0; round <= rounds; round += 1) {
      onRound(round);
      for (const { name, runs } of costs) {
        const dir = join(folder, 'device');
        await mkdir(dir);
        const { cpuS, wallS, said } = run(SCRIPTS[name], `${server.origin}/image.bin`, dir, child(name));
        await rm(dir, { recursive: true });
        if (name !== 'idle' && !said.includes(sha256)) throw new Error(`${name} did not get the image: ${said}`);
        const told = name === 'curl' ? {} : (JSON.parse(said) as { readonly peakMiB?: number });
        if (round > 0) runs.push({ cpuS, wallS, peakMiB: told.peakMiB });
      }
    }
    const scores = Object.fromEntries(costs.map(({ name, runs }) => [name, middle(runs)]));
    return { mib, rounds, server: server.name, scores: scores as Record<Contestant, Score> };
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

function middle(runs: readonly Score[]): Score {
  const peaks = runs.flatMap(({ peakMiB }) => peakMiB ?? []);
  return {
    cpuS: median(runs.map(({ cpuS }) => cpuS)),
    wallS: median(runs.map(({ wallS }) => wallS)),
    peakMiB: peaks.length === 0 ? undefined : median(peaks),
  };
}
