/**
 * What Linux says of the devices that hold partitions: how large they are, who uses them, and which one the machine runs from.
 * All of it is read from /proc and /sys.
 */
import type { FileSystem } from './update-file.ts';

/** A block device, or a file that is used as one. */
export interface Device {
  readonly path: string;
  /** The same for two paths of one device, as in `8:1`; of a file, as in `file 2049:1234`. */
  readonly id: string;
  readonly isBlock: boolean;
  /** How many there are. */
  readonly bytes: number;
}

type Reading = Pick<FileSystem, 'readdir' | 'readFile' | 'stat'>;

const SECTOR_BYTES = 512;

/** @throws Error for what is neither a block device nor a file; whatever the file system throws */
export async function deviceAt(path: string, files: Reading): Promise<Device> {
  const stat = await files.stat(path);
  if (stat.isFile()) return { path, id: fileId(stat), isBlock: false, bytes: stat.size };
  if (!stat.isBlockDevice()) throw new Error(`${path} is neither a block device nor a file`);
  const id = numberOf(stat.rdev);
  const sectors = Number(await files.readFile(`/sys/dev/block/${id}/size`, 'latin1'));
  if (!(sectors > 0)) throw new Error(`the system does not tell how large ${path} is`);
  return { path, id, isBlock: true, bytes: sectors * SECTOR_BYTES };
}

/** Where it is mounted, itself or what is made of it (a loop, a device mapper); `undefined` where it is not. */
export async function mountOf(device: Device, files: Reading): Promise<string | undefined> {
  for (const { number, source, point } of await mounts(files)) {
    if ((await beneath(number, source, files)).has(device.id)) return point;
  }
  return undefined;
}

/** Whether the root of this machine lies on it. */
export async function isRoot(device: Device, files: Reading): Promise<boolean> {
  // What was mounted last covers what was there before.
  const root = (await mounts(files)).findLast(({ point }) => point === '/');
  const { dev } = await files.stat('/');
  return (await beneath(root?.number ?? numberOf(dev), root?.source ?? '', files)).has(device.id);
}

/** The slot that was given to the kernel as `fota.slot=`. */
export async function slotOfKernel(files: Reading): Promise<'a' | 'b' | undefined> {
  const line = await files.readFile('/proc/cmdline', 'latin1').catch(() => '');
  const slot = /(?:^|\s)fota\.slot=([ab])(?:\s|$)/.exec(line)?.[1];
  return slot === 'a' || slot === 'b' ? slot : undefined;
}

interface Mount {
  readonly number: string;
  readonly source: string;
  readonly point: string;
}

/** proc_pid_mountinfo(5): the third field is the device, the fifth the place, and the second one after a lone `-` the source. */
async function mounts(files: Reading): Promise<readonly Mount[]> {
  const text = await files.readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ').map(unescaped);
    const [number, point, source] = [fields[2], fields[4], fields[fields.indexOf('-', 6) + 2]];
    return number === undefined || point === undefined ? [] : [{ number, point, source: source ?? '' }];
  });
}

/** Blanks in paths are written in three octal digits. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Everything that a mounted device lies on, itself included. */
async function beneath(number: string, source: string, files: Reading): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const add = async (one: string): Promise<void> => {
    if (found.has(one)) return;
    found.add(one);
    const folder = `/sys/dev/block/${one}`;
    const backing = await files.readFile(`${folder}/loop/backing_file`, 'utf8').catch(() => undefined);
    const behind = backing && (await files.stat(backing.trimEnd()).catch(() => undefined));
    if (behind) found.add(behind.isBlockDevice() ? numberOf(behind.rdev) : fileId(behind));
    for (const slave of await files.readdir(`${folder}/slaves`).catch((): string[] => [])) {
      const below = await files.readFile(`${folder}/slaves/${slave}/dev`, 'latin1').catch(() => undefined);
      if (below !== undefined) await add(below.trim());
    }
  };
  await add(number);
  // Some file systems (btrfs) have a number of their own, and name their device only here.
  const stat = source.startsWith('/') ? await files.stat(source).catch(() => undefined) : undefined;
  if (stat?.isBlockDevice()) await add(numberOf(stat.rdev));
  return found;
}

function fileId({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `file ${dev}:${ino}`;
}

/** A device number as Linux writes it: 12 bits of major and 20 of minor, interleaved. */
function numberOf(rdev: number): string {
  const high = Math.floor(rdev / 2 ** 32);
  const low = rdev % 2 ** 32;
  return `${((low >>> 8) & 0xfff) | (high & 0xffff_f000)}:${(low & 0xff) | ((low >>> 12) & 0xff_ff00)}`;
}
