/**
 * What lies on a disk, and what a cut of power leaves of it.
 *
 * The model is as harsh as POSIX permits: bytes are safe once their file was synced, a name (made, moved, removed) once its
 * folder was. Until then each may be there after a cut or not, whatever came before or after it, and of bytes any first part.
 * Only a rename is one thing.
 *
 * A block device is a file of fixed length whose bytes come to the medium block by block, in any order until it is synced; a block that was being
 * written may be erased.
 *
 * A link is kept as a file that says where it leads, and comes with its name; nothing follows it here.
 *
 * Non-scope: owners, modes, and media that lose what was synced.
 */

export interface FileNode {
  readonly kind: 'file';
  /** It is a block device. */
  readonly device?: BlockDevice;
  now: Buffer;
  safe: Buffer;
}

export interface BlockDevice {
  readonly blockBytes: number;
  /** Its number, as `stat` tells it. */
  readonly rdev: number;
}

export interface FolderNode {
  readonly kind: 'folder';
  readonly now: Map<string, Node>;
  readonly safe: Map<string, Node>;
}

export type Node = FileNode | FolderNode;

/** One change of a disk, the smallest that a cut tells apart. */
export type Change =
  | { readonly what: 'bytes'; readonly file: FileNode; readonly at: number; readonly bytes: Buffer }
  | { readonly what: 'length'; readonly file: FileNode; readonly length: number }
  /** `node` is `undefined` where the name goes away. */
  | { readonly what: 'name'; readonly folder: FolderNode; readonly name: string; readonly node: Node | undefined }
  | { readonly what: 'move'; readonly from: Place; readonly to: Place; readonly node: Node };

interface Place {
  readonly folder: FolderNode;
  readonly name: string;
}

/** What lies where: a path to the bytes of a file, or to `undefined` for a folder. */
export type Tree = ReadonlyMap<string, Buffer | undefined>;

export function newFile(bytes: Buffer = Buffer.alloc(0), device?: BlockDevice): FileNode {
  return { kind: 'file', now: bytes, safe: bytes, ...(device === undefined ? {} : { device }) };
}

export function newFolder(): FolderNode {
  return { kind: 'folder', now: new Map(), safe: new Map() };
}

/** Where changes go to: what is, what is safe, or what a cut would leave. */
interface View {
  bytes(file: FileNode): Buffer;
  setBytes(file: FileNode, bytes: Buffer): void;
  names(folder: FolderNode): Map<string, Node>;
}

const present: View = {
  bytes: (file) => file.now,
  setBytes(file, bytes) {
    file.now = bytes;
  },
  names: (folder) => folder.now,
};

const safe: View = {
  bytes: (file) => file.safe,
  setBytes(file, bytes) {
    file.safe = bytes;
  },
  names: (folder) => folder.safe,
};

/** What is safe, and changes on top of it that leave it alone. */
function onTop(): View {
  const bytes = new Map<FileNode, Buffer>();
  const names = new Map<FolderNode, Map<string, Node>>();
  return {
    bytes: (file) => bytes.get(file) ?? file.safe,
    setBytes: (file, next) => void bytes.set(file, next),
    names(folder) {
      const own = names.get(folder) ?? new Map(folder.safe);
      names.set(folder, own);
      return own;
    },
  };
}

function apply(change: Change, view: View): void {
  if (change.what === 'bytes') {
    const before = view.bytes(change.file);
    const next = Buffer.alloc(Math.max(before.length, change.at + change.bytes.length));
    before.copy(next);
    change.bytes.copy(next, change.at);
    view.setBytes(change.file, next);
  } else if (change.what === 'length') {
    const next = Buffer.alloc(change.length);
    view.bytes(change.file).copy(next);
    view.setBytes(change.file, next);
  } else if (change.what === 'name') {
    const names = view.names(change.folder);
    if (change.node === undefined) names.delete(change.name);
    else names.set(change.name, change.node);
  } else {
    view.names(change.from.folder).delete(change.from.name);
    view.names(change.to.folder).set(change.to.name, change.node);
  }
}

function treeOf(root: FolderNode, view: View): Tree {
  const tree = new Map<string, Buffer | undefined>();
  const visit = (folder: FolderNode, path: string): void => {
    for (const [name, node] of [...view.names(folder)].sort(([one], [other]) => (one < other ? -1 : 1))) {
      tree.set(`${path}/${name}`, node.kind === 'file' ? view.bytes(node) : undefined);
      if (node.kind === 'folder') visit(node, `${path}/${name}`);
    }
  };
  visit(root, '');
  return tree;
}

const placesOf = (change: Change): readonly Place[] => {
  if (change.what === 'name') return [change];
  return change.what === 'move' ? [change.from, change.to] : [];
};

/** A disk: its root, and what was changed and not yet synced, in order. */
export class Media {
  readonly root: FolderNode = newFolder();
  #unsynced: Change[] = [];

  /** What a process sees. */
  get tree(): Tree {
    return treeOf(this.root, present);
  }

  get unsynced(): readonly Change[] {
    return this.#unsynced;
  }

  /** What a cut leaves where of what was not synced these changes came to the disk. */
  after(changes: readonly Change[]): Tree {
    const view = onTop();
    for (const change of changes) apply(change, view);
    return treeOf(this.root, view);
  }

  change(changes: readonly Change[]): void {
    for (const change of changes) apply(change, present);
    this.#unsynced.push(...changes);
  }

  /** What syncing it would make safe. A rename comes with what its two names were before. */
  pendingOf(node: Node): readonly Change[] {
    const wanted = new Set(
      this.#unsynced.filter((change) =>
        'file' in change ? change.file === node : placesOf(change).some(({ folder }) => folder === node),
      ),
    );
    for (const [index, change] of [...this.#unsynced.entries()].reverse()) {
      if (!wanted.has(change) || change.what !== 'move') continue;
      for (const earlier of this.#unsynced.slice(0, index)) {
        const isSame = placesOf(earlier).some((one) =>
          placesOf(change).some(({ folder, name }) => one.folder === folder && one.name === name),
        );
        if (isSame) wanted.add(earlier);
      }
    }
    return this.#unsynced.filter((change) => wanted.has(change));
  }

  /** Makes changes safe. */
  settle(changes: readonly Change[]): void {
    for (const change of changes) apply(change, safe);
    const done = new Set(changes);
    this.#unsynced = this.#unsynced.filter((change) => !done.has(change));
  }
}
