/**
 * Files that others bring, as on a stick. What is no regular file is never opened: a pipe would be waited for without end, a device has
 * no end, and some do harm by being opened. The length that a file tells is not believed.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

/** Opens a file to read; `undefined` for whatever else lies there. @throws Error of the system, as where nothing does */
export async function openRegularFile(path: string): Promise<FileHandle | undefined> {
  if (!(await stat(path)).isFile()) return undefined;
  // It might have become a pipe by now.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const isFile = await file.stat().then(
    (found) => found.isFile(),
    () => false,
  );
  if (isFile) return file;
  await file.close();
  return undefined;
}

/**
 * Reads a small file that anybody may have put there.
 * @param most bytes that it may have
 * @returns `undefined` where it has more, or is no file
 * @throws Error of the system, as where nothing lies there
 */
export async function readRegularFile(path: string, most: number): Promise<Buffer | undefined> {
  const file = await openRegularFile(path);
  if (file === undefined) return undefined;
  try {
    const bytes = Buffer.alloc(most + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      ({ bytesRead: read } = await file.read(bytes, length, bytes.length - length));
    }
    return length > most ? undefined : bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}
