import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import { makeFolder } from './folder.ts';

const folder = folders(onTestFinished);

describe('a folder', () => {
  it('is made with those above it, for this user alone, by however many at once', async () => {
    const path = join(await folder(), 'a', 'b', 'c');
    await Promise.all([makeFolder(path), makeFolder(path), makeFolder(path)]);
    await makeFolder(path);
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('700');
    expect(((await stat(join(path, '../..'))).mode & 0o777).toString(8)).toBe('700');
  });

  it('below a file is refused', async () => {
    const file = join(await folder(), 'file');
    await writeFile(file, '');
    for (const path of [file, join(file, 'a', 'b')]) {
      await expect(makeFolder(path)).rejects.toMatchObject({ code: 'data-dir-unusable' });
    }
  });

  it.runIf(process.platform === 'linux')('where the system makes none is refused, and not tried for ever', async () => {
    for (const path of ['/proc/fota', '/proc/fota/data']) {
      await expect(makeFolder(path)).rejects.toMatchObject({ code: 'data-dir-unusable' });
    }
  });
});
