import type * as fs from 'node:fs/promises';
import { type Change, type FileNode, type FolderNode, type Node, newFile, newFolder } from './media.ts';

/** What the library uses of `node:fs/promises`. */
export type PowerFiles = Pick<
  typeof fs,
  | 'copyFile'
  | 'lstat'
  | 'mkdir'
  | 'open'
  | 'readdir'
  | 'readFile'
  | 'readlink'
  | 'rename'
  | 'rm'
  | 'stat'
  | 'statfs'
  | 'symlink'
>;

/** What the files are on. */
export interface Medium {
  readonly root: FolderNode;
  /** One operation. */
  change(name: string, changes: readonly Change[]): void;
  sync(name: string, node: Node): void;
}

interface Found {
  readonly folder: FolderNode;
  readonly name: string;
  readonly node: Node | undefined;
}

/** By the flags that say what a file is opened for: O_RDONLY, none, O_RDWR. */
const WAYS = ['r', undefined, 'r+'] as const;
const PLENTY = { bavail: 2 ** 20, blocks: 2 ** 20, bsize: 4_096 };

/** Calls with the errors and the effects of the real ones, as far as they are used. */
export function powerFiles(medium: Medium): PowerFiles {
  const find = (path: string, syscall: string): Found => {
    const parts = path.split('/').slice(1);
    const name = parts.pop() ?? '';
    let folder = medium.root;
    for (const part of parts) {
      const next = folder.now.get(part);
      if (next?.kind !== 'folder') throw failed(next === undefined ? 'ENOENT' : 'ENOTDIR', syscall, path);
      folder = next;
    }
    return { folder, name, node: name === '' ? folder : folder.now.get(name) };
  };
  const there = (path: string, syscall: string): Node => {
    const { node } = find(path, syscall);
    if (node === undefined) throw failed('ENOENT', syscall, path);
    return node;
  };
  const fileAt = (path: string, syscall: string): FileNode => {
    const node = there(path, syscall);
    if (node.kind === 'folder') throw failed('EISDIR', syscall, path);
    return node;
  };
  /** Makes the file or empties it. */
  const emptied = (path: string, flags: string): FileNode => {
    const { folder, name, node } = find(path, 'open');
    if (node?.kind === 'folder') throw failed('EISDIR', 'open', path);
    if (node !== undefined && flags.includes('x')) throw failed('EEXIST', 'open', path);
    const file = node ?? newFile();
    if (node === undefined) medium.change(`create ${path}`, [{ what: 'name', folder, name, node: file }]);
    else if (node.now.length > 0) medium.change(`empty ${path}`, [{ what: 'length', file, length: 0 }]);
    return file;
  };
  const removeAll = (found: Found, path: string): void => {
    const { folder, name, node } = found;
    if (node?.kind === 'folder') {
      for (const [inner, child] of [...node.now]) {
        removeAll({ folder: node, name: inner, node: child }, `${path}/${inner}`);
      }
    }
    medium.change(`remove ${path}`, [{ what: 'name', folder, name, node: undefined }]);
  };

  const files = {
    async open(path: string, how: string | number = 'r') {
      const flags = typeof how === 'string' ? how : WAYS[how & 3];
      if (flags === undefined) throw failed('EINVAL', 'open', path);
      const node = /[wa]/.test(flags) ? opened(path, flags) : there(path, 'open');
      if (node.kind === 'folder' && flags !== 'r') throw failed('EISDIR', 'open', path);
      return handle(medium, node, path, flags.startsWith('a'));
    },
    async copyFile(from: string, to: string) {
      const bytes = fileAt(from, 'copyfile').now;
      const file = emptied(to, 'w');
      medium.change(`copy ${to}`, [{ what: 'bytes', file, at: 0, bytes }]);
    },
    async mkdir(path: string, options?: { readonly recursive?: boolean }) {
      const parts = path.split('/').slice(1);
      for (let depth = options?.recursive ? 1 : parts.length; depth <= parts.length; depth += 1) {
        const one = `/${parts.slice(0, depth).join('/')}`;
        const { folder, name, node } = find(one, 'mkdir');
        if (node?.kind === 'file' || (node !== undefined && !options?.recursive)) throw failed('EEXIST', 'mkdir', one);
        if (node === undefined) medium.change(`mkdir ${one}`, [{ what: 'name', folder, name, node: newFolder() }]);
      }
    },
    async readdir(path: string) {
      const node = there(path, 'scandir');
      if (node.kind === 'file') throw failed('ENOTDIR', 'scandir', path);
      return [...node.now.keys()];
    },
    async readFile(path: string, encoding?: BufferEncoding) {
      const { now } = fileAt(path, 'read');
      return encoding === undefined ? Buffer.from(now) : now.toString(encoding);
    },
    async rename(from: string, to: string) {
      const source = find(from, 'rename');
      const target = find(to, 'rename');
      const { node } = source;
      if (node === undefined) throw failed('ENOENT', 'rename', from);
      if (target.node?.kind === 'folder' && (node.kind === 'file' || target.node.now.size > 0)) {
        throw failed(node.kind === 'file' ? 'EISDIR' : 'ENOTEMPTY', 'rename', to);
      }
      medium.change(`rename ${from} ${to}`, [{ what: 'move', from: source, to: target, node }]);
    },
    async rm(path: string, options?: { readonly recursive?: boolean; readonly force?: boolean }) {
      let found: Found;
      try {
        found = find(path, 'rm');
      } catch (error) {
        if (options?.force) return;
        throw error;
      }
      if (found.node === undefined) {
        if (options?.force) return;
        throw failed('ENOENT', 'rm', path);
      }
      if (found.node.kind === 'folder' && !options?.recursive) throw failed('ERR_FS_EISDIR', 'rm', path);
      removeAll(found, path);
    },
    async stat(path: string) {
      return statOf(there(path, 'stat'));
    },
    async lstat(path: string) {
      return statOf(there(path, 'lstat'));
    },
    async symlink(to: string, path: string) {
      const { folder, name, node } = find(path, 'symlink');
      if (node !== undefined) throw failed('EEXIST', 'symlink', path);
      medium.change(`link ${path}`, [{ what: 'name', folder, name, node: newFile(Buffer.from(to)) }]);
    },
    async readlink(path: string) {
      const node = there(path, 'readlink');
      if (node.kind === 'folder') throw failed('EINVAL', 'readlink', path);
      return node.now.toString();
    },
    statfs: async () => PLENTY,
  };
  const opened = (path: string, flags: string): FileNode => {
    if (!flags.startsWith('a')) return emptied(path, flags);
    const { node } = find(path, 'open');
    return node?.kind === 'file' ? node : emptied(path, flags);
  };
  // Only what is used of these calls is here; whoever uses more finds out at once.
  return files as unknown as PowerFiles;
}

function handle(medium: Medium, node: Node, path: string, appends: boolean): object {
  let position = 0;
  const file = (): FileNode => {
    if (node.kind === 'folder') throw failed('EISDIR', 'read', path);
    return node;
  };
  const put = (bytes: Buffer, at: number): void => {
    const { device, now } = file();
    if (bytes.length === 0) return;
    if (device !== undefined && at + bytes.length > now.length) throw failed('ENOSPC', 'write', path);
    medium.change(`write ${path}`, byBlocks(file(), at, bytes));
  };
  return {
    async read(buffer: Uint8Array, offset: number, length: number, at: number | null) {
      const from = at ?? position;
      const bytes = file().now.subarray(from, from + length);
      buffer.set(bytes, offset);
      position = from + bytes.length;
      return { bytesRead: bytes.length, buffer };
    },
    async write(buffer: Uint8Array, offset: number, length: number, at: number | null) {
      const bytes = Buffer.from(buffer.subarray(offset, offset + length));
      put(bytes, at ?? position);
      if (at === null) position += bytes.length;
      return { bytesWritten: bytes.length, buffer };
    },
    async writeFile(data: string | Uint8Array) {
      const bytes = Buffer.from(data as Uint8Array);
      put(bytes, appends ? file().now.length : position);
      position += bytes.length;
    },
    async truncate(length = 0) {
      if (file().now.length !== length) medium.change(`truncate ${path}`, [{ what: 'length', file: file(), length }]);
    },
    // Who may do what with it is not kept here.
    async chmod() {},
    sync: async () => medium.sync(`sync ${path}`, node),
    datasync: async () => medium.sync(`sync ${path}`, node),
    stat: async () => statOf(node),
    async close() {},
  };
}

/** One change for a file; for a device one for each of its blocks. */
function byBlocks(file: FileNode, at: number, bytes: Buffer): readonly Change[] {
  const blockBytes = file.device?.blockBytes ?? Number.POSITIVE_INFINITY;
  const changes: Change[] = [];
  for (let from = 0; from < bytes.length; ) {
    const length = Math.min(bytes.length - from, blockBytes - ((at + from) % blockBytes));
    changes.push({ what: 'bytes', file, at: at + from, bytes: bytes.subarray(from, from + length) });
    from += length;
  }
  return changes;
}

function statOf(node: Node): object {
  const device = node.kind === 'file' ? node.device : undefined;
  return {
    // As Linux has it, a device has no size here.
    size: node.kind === 'file' && device === undefined ? node.now.length : 0,
    rdev: device?.rdev ?? 0,
    isFile: () => node.kind === 'file' && device === undefined,
    isBlockDevice: () => device !== undefined,
    isDirectory: () => node.kind === 'folder',
  };
}

function failed(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall, path });
}
