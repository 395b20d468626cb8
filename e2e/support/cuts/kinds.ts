/** What the slots are made of whose power is cut. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { makeImage, makeTar, materialize, PowerDisk, type Tree } from '@libfota2/testkit';
import { type ApplicationSlots, applicationSlots, partitionSlots, type Slot } from 'libfota2/slots';

export const HOME = '/srv/app';

export type Files = NonNullable<Parameters<typeof applicationSlots>[2]>;

/** An image, and what it becomes. */
export interface Packed {
  readonly image: Buffer;
  /** What lies in its slot, by the path there. */
  readonly content: Tree;
}

export interface Kind {
  readonly name: string;
  /** The disk before anything is installed. */
  readonly empty: Tree;
  /** The image comes in pieces of so many bytes. Most of them are marked. */
  readonly pieceBytes: number;
  disk(tree: Tree, samples?: number): PowerDisk;
  pack(version: string): Promise<Packed>;
  /** @param running where the application runs */
  slots(files: Files, running: Slot | undefined): ApplicationSlots;
  /** Whether this, and nothing else, lies in a slot. */
  holds(tree: Tree, slot: Slot, content: Tree): boolean;
  /** Puts it on a real disk, for the launcher. */
  materialize(tree: Tree, dir: string): Promise<void>;
  /** What the launcher is to start. */
  readonly command: string;
}

const TRIAL = { tries: 2, minutes: 0 };
const seedOf = (version: string): number => Number.parseInt(version.replaceAll('.', ''), 10);

/** An application in two folders. */
export const folders: Kind = {
  name: 'folders',
  command: './app',
  // About eight of them.
  pieceBytes: 128,
  empty: new Map([
    ['/srv', undefined],
    [HOME, undefined],
  ]),
  disk: (tree, samples) => new PowerDisk(tree, samples),
  async pack(version) {
    const content = new Map<string, Buffer | undefined>([
      ['/app', Buffer.from(`echo ${version} in $FOTA_SLOT\n`)],
      ['/empty', undefined],
      ['/lib', undefined],
      ['/lib/deep', undefined],
      ['/lib/deep/data', Buffer.from(makeImage(seedOf(version), 600))],
      ['/lib/index', Buffer.from(`the library of ${version}`)],
    ]);
    const entries = [...content].map(([path, body]) => ({
      name: path.slice(1) + (body === undefined ? '/' : ''),
      body,
    }));
    return { image: gzipSync(await makeTar(entries), { level: 1 }), content };
  },
  slots: (files) => applicationSlots(HOME, TRIAL, files),
  holds(tree, slot, content) {
    const folder = `${HOME}/slots/${slot}`;
    const found = new Map([...tree].flatMap(([path, bytes]) => (path.startsWith(`${folder}/`) ? [[path, bytes]] : [])));
    return content.size === found.size && [...content].every(([path, wanted]) => isSame(found, folder + path, wanted));
  },
  materialize: (tree, dir) => materialize(tree, HOME, dir),
};

function isSame(found: Tree, path: string, wanted: Buffer | undefined): boolean {
  const bytes = found.get(path);
  return wanted === undefined || bytes === undefined ? found.has(path) && wanted === bytes : bytes.equals(wanted);
}

const BLOCK_BYTES = 512;
const BLOCKS = 8;
const DEVICES: Readonly<Record<Slot, string>> = { a: '/dev/a', b: '/dev/b' };

/** A system in two partitions of eight blocks. */
export const partitions: Kind = {
  name: 'partitions',
  command: './image',
  // Across the borders of blocks.
  pieceBytes: 500,
  empty: new Map([
    ...folders.empty,
    ...['/dev', '/sys', '/sys/dev', '/sys/dev/block', '/sys/dev/block/8:0', '/sys/dev/block/8:1'].map(
      (path) => [path, undefined] as const,
    ),
    ...['8:0', '8:1'].map((number) => [`/sys/dev/block/${number}/size`, Buffer.from(`${BLOCKS}\n`)] as const),
    ...Object.values(DEVICES).map((path) => [path, Buffer.alloc(BLOCKS * BLOCK_BYTES)] as const),
  ]),
  disk: (tree, samples) =>
    new PowerDisk(tree, samples, new Map(Object.values(DEVICES).map((path) => [path, BLOCK_BYTES]))),
  async pack(version) {
    const script = Buffer.from(`echo ${version} in $FOTA_SLOT\nexit\n`);
    const rest = makeImage(seedOf(version), BLOCKS * BLOCK_BYTES - 100 - script.length);
    const image = Buffer.concat([script, rest]);
    return { image, content: new Map([['/image', image]]) };
  },
  slots: (files, running) => partitionSlots({ ...TRIAL, ...DEVICES, dir: HOME, running: async () => running }, files),
  holds(tree, slot, content) {
    const image = content.get('/image');
    return image !== undefined && tree.get(DEVICES[slot])?.subarray(0, image.length).equals(image) === true;
  },
  async materialize(tree, dir) {
    await materialize(tree, HOME, dir);
    for (const slot of ['a', 'b'] as const) {
      await mkdir(join(dir, 'slots', slot), { recursive: true });
      await writeFile(join(dir, 'slots', slot, 'image'), tree.get(DEVICES[slot]) ?? '');
    }
  },
};
