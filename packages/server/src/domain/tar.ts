/** The container of backups: a tar file (POSIX ustar), so that anybody can look into one without this program. */

export const BLOCK_BYTES = 512;

/** A plain file in a tar. */
export interface TarEntry {
  /** At most 100 ASCII characters. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** What stands before the bytes of a file. `at`: milliseconds since 1970. */
export function tarHeader({ path, size }: TarEntry, at: number): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  const text = (offset: number, value: string): void => {
    for (let i = 0; i < value.length; i += 1) block[offset + i] = value.charCodeAt(i);
  };
  const octal = (offset: number, digits: number, value: number): void =>
    text(offset, value.toString(8).padStart(digits, '0'));
  text(0, path);
  octal(100, 7, 0o600);
  octal(108, 7, 0);
  octal(116, 7, 0);
  if (size < 8 ** 11) octal(124, 11, size);
  else binary(block, size);
  octal(136, 11, Math.floor(at / 1000));
  text(148, '        ');
  text(156, '0');
  text(257, 'ustar\u000000');
  octal(148, 6, sumOf(block));
  block[154] = 0;
  return block;
}

/** The file that a header tells of; `undefined`: the end. @throws Error where it is none */
export function readTarHeader(block: Uint8Array): TarEntry | undefined {
  if (block.length === BLOCK_BYTES && block.every((byte) => byte === 0)) return undefined;
  const text = (offset: number, length: number): string => {
    const bytes = block.subarray(offset, offset + length);
    const end = bytes.indexOf(0);
    return String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)));
  };
  const octal = (offset: number, length: number): number => {
    const digits = text(offset, length).trim();
    return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  };
  const copy = Uint8Array.from(block);
  copy.fill(0x20, 148, 156);
  const size = ((block[124] ?? 0) & 0x80) === 0 ? octal(124, 12) : sizeOf(block);
  const isRight = block.length === BLOCK_BYTES && text(257, 5) === 'ustar' && octal(148, 8) === sumOf(copy);
  if (!isRight || !Number.isSafeInteger(size) || text(156, 1) !== '0') throw new Error('this is no file of a backup');
  return { path: text(0, 100), size };
}

/** Bytes of nothing behind a file of this size. */
export function paddingOf(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** More than eleven octal digits can say: 95 bits, the first of twelve bytes marked (GNU). */
function binary(block: Uint8Array, size: number): void {
  let rest = size;
  for (let i = 135; i > 124; i -= 1) {
    block[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  block[124] = 0x80;
}

function sizeOf(block: Uint8Array): number {
  return block.subarray(125, 136).reduce((size, byte) => size * 256 + byte, 0);
}

function sumOf(block: Uint8Array): number {
  return block.reduce((sum, byte) => sum + byte, 0);
}
