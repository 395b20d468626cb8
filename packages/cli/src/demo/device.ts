/** The sample device: a folder with an application in it, and the small launcher that a device's system would have. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What is written on the device when it is made: where it asks, and as whom. */
export interface DeviceFile {
  readonly url: string;
  readonly project_key: string;
  readonly imei: string;
}

/** What the application tells its launcher. */
export type Message =
  | { readonly reading: string; readonly version: string }
  | { readonly bytes: number; readonly total: number | undefined }
  | { readonly result: number; readonly meaning: string };

/** With this exit code the application asks to be started again, with the new image if there is one. */
const RESTART = 75;

/** Makes the device anew: the application in its first release, its own settings, the library beside it. */
export async function makeDevice(folder: string, application: string, settings: DeviceFile): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  const library = dirname(fileURLToPath(import.meta.resolve('libfota2/package.json')));
  await symlink(library, join(folder, 'node_modules', 'libfota2'), 'junction');
  await copyFile(application, join(folder, 'app.mjs'));
  await writeFile(join(folder, 'device.json'), `${JSON.stringify(settings, undefined, 2)}\n`);
}

/** Runs the device until its application ends without asking for a restart. Aborting ends it, too. */
export async function runDevice(
  folder: string,
  signal: AbortSignal,
  onMessage: (message: Message) => void,
  onRestart: () => void,
): Promise<void> {
  while ((await runApplication(folder, signal, onMessage)) === RESTART) {
    onRestart();
    await rename(join(folder, 'update.bin'), join(folder, 'app.mjs'));
  }
}

async function runApplication(
  folder: string,
  signal: AbortSignal,
  onMessage: (message: Message) => void,
): Promise<number> {
  const child = fork(join(folder, 'app.mjs'), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const kill = (): void => void child.kill();
  signal.addEventListener('abort', kill);
  const complaints: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => complaints.push(chunk));
  child.on('message', (message) => onMessage(message as Message));
  const [code, killer] = (await once(child, 'close')) as [number | null, string | null];
  signal.removeEventListener('abort', kill);
  signal.throwIfAborted();
  if (code === 0 || code === RESTART) return code;
  throw new Error(`the sample device ended with ${code ?? killer}\n${Buffer.concat(complaints)}`);
}
