import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FotaServerError } from '../../domain/errors.ts';

/** A place on this machine where a server listens. */
export interface LocalPlace {
  /** Of the socket, or of the named pipe. */
  readonly path: string;
  /** Takes the socket away; the server must be closed. */
  remove(): Promise<void>;
}

const NAME = 'admin.sock';
/** Bytes of a socket's path that every system takes: macOS and the BSDs have room for 104, the last of them zero. */
const LONGEST = 103;

/**
 * Lets a server listen where only this user comes in: on a socket in the data folder, which replaces what a killed server
 * left there; where the folder's path is too long, or its file system has no sockets, in a folder of its own in the system's
 * folder for temporary files; on Windows on a named pipe that nobody can guess. See docs/decisions/0009.
 * @throws FotaServerError `listen-failed`
 */
export async function listenLocally(server: Server, folder: string): Promise<LocalPlace> {
  if (process.platform === 'win32') {
    const path = `\\\\.\\pipe\\fota-${randomUUID()}`;
    await listening(server, path);
    return { path, remove: async () => undefined };
  }
  const wanted = join(folder, NAME);
  await rm(wanted, { force: true });
  try {
    return await inFolder(server, folder, wanted);
  } catch {
    return await inTemporary(server);
  }
}

/** Between listening and `chmod` anybody might come in: that moment is spent in a folder that only this user can enter. */
async function inFolder(server: Server, folder: string, wanted: string): Promise<LocalPlace> {
  const room = await mkdtemp(join(folder, '.new-'));
  try {
    const made = join(room, NAME);
    await listening(server, made);
    await chmod(made, 0o600);
    await rename(made, wanted);
  } finally {
    await rm(room, { recursive: true, force: true });
  }
  return { path: wanted, remove: () => rm(wanted, { force: true }) };
}

async function inTemporary(server: Server): Promise<LocalPlace> {
  const room = await mkdtemp(join(tmpdir(), 'fota-'));
  const remove = (): Promise<void> => rm(room, { recursive: true, force: true });
  try {
    const path = join(room, NAME);
    await listening(server, path);
    await chmod(path, 0o600);
    return { path, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function listening(server: Server, path: string): Promise<void> {
  const failed = (error: Error): FotaServerError =>
    new FotaServerError('listen-failed', `cannot listen on ${path}: ${error.message}`, error);
  if (process.platform !== 'win32' && Buffer.byteLength(path) > LONGEST) {
    return Promise.reject(failed(new Error(`the path of a socket may have ${LONGEST} bytes`)));
  }
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(failed(error));
    server.once('error', onError);
    server.listen(path, () => {
      server.off('error', onError);
      resolve();
    });
  });
}
