import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PowerFiles, powerFiles } from './files.ts';
import { type BlockDevice, type Change, Media, newFile, newFolder, type Tree } from './media.ts';

/** One way in which the power can go. */
export interface Cut {
  /** Counted from 1. */
  readonly operation: number;
  /** What was being done, such as `rename /app/x`. */
  readonly name: string;
  readonly when: 'before' | 'torn' | 'after';
  /** What became of what was not synced; a number is the seed by which some of it was kept. */
  readonly unsynced: 'kept' | 'dropped' | number;
  /** What lies on the disk when the power is back. */
  readonly tree: Tree;
}

/**
 * A file system in memory that tells, at each operation, everything that a cut of power there may leave. Nothing is ever really
 * cut: one run of a program shows all of its cuts, and what it had been told until then is what it may rely on.
 *
 * Reading is no operation here: it leaves nothing behind.
 */
export class PowerDisk {
  /** As much of `node:fs/promises` as the library uses; paths are absolute. */
  readonly files: PowerFiles;
  /** Called with each cut; what it throws ends the operation. */
  onCut: ((cut: Cut) => void) | undefined;
  /** What was done, in order. */
  readonly operations: string[] = [];
  readonly #media = new Media();
  readonly #samples: number;

  /**
   * @param samples how many random subsets of what is unsynced are told at each moment, beside all and nothing of it
   * @param devices which of the tree's files are block devices, by the bytes of their blocks; `/sys/dev/block/8:0/size` would be of the first one
   */
  constructor(tree: Tree = new Map(), samples = 0, devices: ReadonlyMap<string, number> = new Map()) {
    this.#samples = samples;
    this.files = powerFiles({
      root: this.#media.root,
      change: (name, changes) => this.#change(name, changes),
      sync: (name, node) => this.#sync(name, this.#media.pendingOf(node)),
    });
    for (const [path, bytes] of tree) {
      const parts = path.split('/').slice(1);
      const name = parts.pop() ?? '';
      let folder = this.#media.root;
      for (const part of parts) {
        const next = folder.now.get(part);
        if (next?.kind !== 'folder') throw new Error(`${path} has no folder`);
        folder = next;
      }
      const node = bytes === undefined ? newFolder() : newFile(bytes, deviceAt(path, devices));
      folder.now.set(name, node);
      folder.safe.set(name, node);
    }
  }

  /** What a process sees. */
  get tree(): Tree {
    return this.#media.tree;
  }

  /** What is left when the power goes now. */
  left(unsynced: Cut['unsynced']): Tree {
    return this.#left(unsynced, this.#media.unsynced);
  }

  /** All of it, as the command `sync` does. */
  sync(): void {
    this.#sync('sync', this.#media.unsynced);
  }

  #change(name: string, changes: readonly Change[]): void {
    this.operations.push(name);
    if (this.onCut !== undefined) {
      this.#tell('before', this.#media.unsynced);
      for (const [index, change] of changes.entries()) {
        for (const part of torn(change)) {
          this.#tell('torn', [...this.#media.unsynced, ...changes.slice(0, index), part]);
        }
      }
    }
    this.#media.change(changes);
    this.#tell('after', this.#media.unsynced);
  }

  #sync(name: string, changes: readonly Change[]): void {
    this.operations.push(name);
    if (this.onCut !== undefined) {
      this.#tell('before', this.#media.unsynced);
      // Half of what is to be made safe has come to the disk, be it the first or the second.
      const middle = Math.ceil(changes.length / 2);
      for (const some of [changes.slice(0, middle), changes.slice(middle)]) {
        const operation = this.operations.length;
        this.onCut({ operation, name, when: 'torn', unsynced: 'dropped', tree: this.#media.after(some) });
      }
    }
    this.#media.settle(changes);
    this.#tell('after', this.#media.unsynced);
  }

  #tell(when: Cut['when'], unsynced: readonly Change[]): void {
    const { length: operation } = this.operations;
    const name = this.operations.at(-1) ?? '';
    const seeds = Array.from({ length: this.#samples }, (_, sample) => operation * 1_000 + sample);
    for (const fate of ['kept', 'dropped', ...seeds] as const) {
      this.onCut?.({ operation, name, when, unsynced: fate, tree: this.#left(fate, unsynced) });
    }
  }

  #left(fate: Cut['unsynced'], unsynced: readonly Change[]): Tree {
    if (fate === 'kept') return this.#media.after(unsynced);
    if (fate === 'dropped') return this.#media.after([]);
    const random = numbers(fate);
    const some = unsynced.flatMap((change): readonly Change[] => {
      const parts = torn(change);
      const part = parts[Math.floor(random() * parts.length)];
      const luck = random();
      if (luck < 0.4) return [change];
      return luck < 0.6 && part !== undefined ? [part] : [];
    });
    return this.#media.after(some);
  }
}

const DISK_MAJOR = 8;

function deviceAt(path: string, devices: ReadonlyMap<string, number>): BlockDevice | undefined {
  const blockBytes = devices.get(path);
  return blockBytes === undefined
    ? undefined
    : { blockBytes, rdev: DISK_MAJOR * 256 + [...devices.keys()].indexOf(path) };
}

/** First parts of what was written: a byte, half, and all but a byte. Of a device's block also nothing, and what was there is gone. */
function torn(change: Change): readonly Change[] {
  if (change.what !== 'bytes') return [];
  const { at, bytes, file } = change;
  const { length } = bytes;
  const lengths = new Set([1, Math.floor(length / 2), length - 1].filter((one) => one > 0 && one < length));
  const parts = [...lengths].map((one) => ({ ...change, bytes: bytes.subarray(0, one) }));
  if (file.device === undefined) return parts;
  const { blockBytes } = file.device;
  return [...parts, { ...change, at: at - (at % blockBytes), bytes: Buffer.alloc(blockBytes, 0xff) }];
}

/** The same numbers in [0, 1) for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    const mixed = Math.imul(state ^ (state >>> 16), 0x45d9_f3b);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** Puts what lies below `from` into a real, empty folder. */
export async function materialize(tree: Tree, from: string, to: string): Promise<void> {
  for (const [path, bytes] of tree) {
    if (!path.startsWith(`${from}/`)) continue;
    const place = join(to, path.slice(from.length));
    await (bytes === undefined ? mkdir(place, { recursive: true }) : writeFile(place, bytes));
  }
}

export type { Tree };
