import type { FileSystem } from './update-file.ts';

/** Makes durable which files a folder has. */
export async function syncFolder(path: string, files: Pick<FileSystem, 'open'>): Promise<void> {
  const folder = await files.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
