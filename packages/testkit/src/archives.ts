import { crc32 } from 'node:zlib';
import { pack } from 'tar-stream';

/** One entry of an archive, as wicked as a test wishes. */
export interface ArchiveEntry {
  readonly name: string;
  readonly body?: string | Uint8Array | undefined;
  /** Default: a file, or a folder where the name ends with `/`. */
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'character-device' | 'fifo' | undefined;
  readonly linkname?: string | undefined;
  /** Default 0o644. */
  readonly mode?: number | undefined;
}

export async function makeTar(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, body = '', type, linkname, mode = 0o644 } of entries) {
    const kind = type ?? (name.endsWith('/') ? 'directory' : 'file');
    const bytes = Buffer.from(body);
    const size = kind === 'file' ? bytes.length : 0;
    const header = {
      name,
      type: kind,
      mode,
      size,
      mtime: new Date(0),
      ...(linkname === undefined ? {} : { linkname }),
    };
    if (kind === 'file') archive.entry(header, bytes);
    else archive.entry(header);
  }
  archive.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of archive) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

const KINDS: Readonly<Record<string, number>> = { file: 0o100_000, directory: 0o040_000, symlink: 0o120_000 };

/** A zip whose files are stored as they are, made on Unix. */
export function makeZip(entries: readonly ArchiveEntry[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const { name, body = '', type, mode = 0o644 } of entries) {
    const bytes = Buffer.from(body);
    const title = Buffer.from(name);
    const kind = KINDS[type ?? (name.endsWith('/') ? 'directory' : 'file')] ?? 0;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, title, bytes]);
    const more = Buffer.alloc(14);
    more.writeUInt32LE(((kind | mode) << 16) >>> 0, 6);
    more.writeUInt32LE(at, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, more, title]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
}
