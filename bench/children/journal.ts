// What an agent with a key ring writes down in one upgrade, beside the image itself: journal.js <url> <folder> <ring> <key> <id>
// Then as many bytes and syncs, in the same pieces, of one file.
import { readFileSync, readlinkSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createAgent } from 'libfota2/agent';
import { applicationSlots } from 'libfota2/slots';
import { report } from './status.ts';

const [url = '', dir = '.', ring = '', productKey = '', imei] = process.argv.slice(2);
await mkdir(dir, { recursive: true });
const slots = applicationSlots(dir);

/** As the launcher does. */
async function start(): Promise<void> {
  const { run } = await slots.state();
  await symlink(`slots/${run}`, join(dir, 'next'));
  await rename(join(dir, 'next'), join(dir, 'current'));
}

const { target } = slots;
await target.init(undefined, undefined);
await target.write(Buffer.from('the first version'));
await target.done();
await target.finish(true);
await start();

/** Bytes before each sync, and the seconds of both. */
const syncs: { readonly bytes: number; readonly seconds: number }[] = [];
const images = new Set<string>();
let unsynced = { bytes: 0, seconds: 0 };
const handles = await open(dir, 'r');
const prototype = Object.getPrototypeOf(handles) as FileHandle;
await handles.close();
const { sync, write, writeFile } = prototype;
const pathOf = ({ fd }: FileHandle): string => readlinkSync(`/proc/self/fd/${fd}`);
const isImage = (path: string): boolean => images.has(path) || /\/slots\/[ab](?:\/|$)/.test(path);

/** Counts the time of what is no part of the image. */
async function timed<Result>(handle: FileHandle, bytes: number, work: () => Promise<Result>): Promise<Result> {
  if (isImage(pathOf(handle))) return work();
  const begunAt = performance.now();
  const result = await work();
  const seconds = (performance.now() - begunAt) / 1_000;
  unsynced = { bytes: unsynced.bytes + bytes, seconds: unsynced.seconds + seconds };
  return result;
}
Object.assign(prototype, {
  async sync(this: FileHandle) {
    await timed(this, 0, () => sync.call(this));
    if (isImage(pathOf(this))) return;
    syncs.push(unsynced);
    unsynced = { bytes: 0, seconds: 0 };
  },
  async writeFile(this: FileHandle, text: string) {
    await timed(this, Buffer.byteLength(text), () => writeFile.call(this, text));
  },
  // Only the image is written piece by piece.
  async write(this: FileHandle, ...args: Parameters<typeof write>) {
    images.add(pathOf(this));
    return Reflect.apply(write, this, args);
  },
});

const version = async (): Promise<string> => ((await slots.standing()).isTried ? '2.0.0' : '1.0.0');
const agent = createAgent({
  dir,
  place: slots,
  settings: { trust: readFileSync(ring, 'utf8'), project: 'bench', imei, productKey },
  question: { url },
  version,
  restart: start,
  probe: async () => undefined,
});
await agent.checkNow();
const { stage } = agent.status;
await agent.stop();
Object.assign(prototype, { sync, write, writeFile });

const file = await open(join(dir, 'one file'), 'w');
const begunAt = performance.now();
for (const { bytes } of syncs) {
  await file.write(Buffer.alloc(bytes, 'x'), 0, bytes, 0);
  await file.sync();
}
const limitSeconds = (performance.now() - begunAt) / 1_000;
await file.close();
const sum = (what: 'bytes' | 'seconds'): number => syncs.reduce((total, one) => total + one[what], 0);
report({ stage, syncs: syncs.length, bytes: sum('bytes'), seconds: sum('seconds'), limitSeconds });
