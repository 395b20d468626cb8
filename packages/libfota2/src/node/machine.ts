import type { FileSystem } from './update-file.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const COMMAND_LINE = '/proc/cmdline';
/** Roots that are called the same whatever slot they are of. */
const ALIKE = /^\/dev\/(?:dm-|mapper\/|ram|nfs|loop|root$)|^overlay/;

type Files = Pick<FileSystem, 'readFile'>;

/** Changes with every start of the machine; `undefined` where the system does not tell. */
export async function bootId(files: Files): Promise<string | undefined> {
  return (await textOf(BOOT_ID, files)) || undefined;
}

/** The slot that the kernel was started with: RAUC's name of it, else the root; `undefined` where neither tells it. */
export async function bootedSlot(files: Files): Promise<string | undefined> {
  const given = new Map((await textOf(COMMAND_LINE, files)).split(/\s+/).map(pair));
  const slot = given.get('rauc.slot');
  if (slot) return slot;
  const root = given.get('root');
  return root && !ALIKE.test(root) ? root : undefined;
}

function pair(argument: string): [string, string] {
  const [name = '', ...value] = argument.split('=');
  return [name, value.join('=')];
}

async function textOf(path: string, files: Files): Promise<string> {
  return (await files.readFile(path, 'utf8').catch(() => '')).trim();
}
