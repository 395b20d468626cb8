import { createHash } from 'node:crypto';
import { readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folders } from '../../../test/folder.ts';
import type { StoredUpload, UploadStore } from '../../ports.ts';
import { openDiskUploads } from './uploads.ts';

const folder = folders(onTestFinished);

const bytes = Buffer.from('the bytes of a firmware');
const upload: StoredUpload = {
  id: 'a1',
  fileName: 'app.bin',
  size: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  owner: 'token:a1',
  expiresAt: 5,
  taken: undefined,
};
const inspection = { format: 'opaque', kind: 'unknown', needsSourceCore: false, facts: [], warnings: [] } as const;

async function* pieces(...parts: readonly (Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield part;
  }
}

async function collect(store: UploadStore, of = upload): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of store.read(of)) parts.push(part);
  return Buffer.concat(parts);
}

describe('uploads on a disk', () => {
  it('go on where they were cut, also in another run', async () => {
    const dir = await folder();
    const store = await openDiskUploads(dir);
    await store.keep(upload);
    expect(await store.received(upload)).toBe(0);
    const cut = pieces(bytes.subarray(0, 4), bytes.subarray(4, 9), new Error('the line is dead'));
    await expect(store.append(upload, cut)).rejects.toThrow('the line is dead');
    const again = await openDiskUploads(dir);
    expect(await again.uploads()).toEqual([upload]);
    expect(await again.received(upload)).toBe(9);
    await again.append(upload, pieces(bytes.subarray(9)));
    expect((await collect(again)).equals(bytes)).toBe(true);
  });

  it('keep nothing beyond what was announced', async () => {
    const store = await openDiskUploads(await folder());
    await store.append(upload, pieces(bytes.subarray(0, 20)));
    await expect(store.append(upload, pieces(bytes))).rejects.toMatchObject({ code: 'upload-overrun' });
    expect(await store.received(upload)).toBe(20);
  });

  it('of other bytes than were announced are found out at their end', async () => {
    const store = await openDiskUploads(await folder());
    await store.append(upload, pieces(Buffer.from('x'.repeat(bytes.length))));
    await expect(collect(store)).rejects.toMatchObject({ code: 'upload-digest' });
    expect(await collect(store, { ...upload, sha256: undefined })).toHaveLength(bytes.length);
  });

  it('lose their bytes once they became a package, and everything once removed', async () => {
    const dir = await folder();
    const store = await openDiskUploads(dir);
    await store.keep(upload);
    await store.append(upload, pieces(bytes));
    const taken = { ...upload, taken: { sha256: upload.sha256 ?? '', size: upload.size, inspection } };
    await store.keep(taken);
    expect(await readdir(dir)).toEqual(['a1.json']);
    expect(await (await openDiskUploads(dir)).uploads()).toEqual([taken]);
    await store.remove(taken);
    expect(await readdir(dir)).toEqual([]);
  });

  it('that a crash left unreadable are removed at the start; files of others stay', async () => {
    const dir = await folder();
    const store = await openDiskUploads(dir);
    await store.keep(upload);
    await writeFile(join(dir, 'b2.part'), 'bytes without notes');
    await writeFile(join(dir, 'c3.json'), '{"format":1,"id":"c3"');
    await writeFile(join(dir, 'c3.part'), 'bytes of broken notes');
    await writeFile(join(dir, 'd4.json'), JSON.stringify({ ...upload, id: 'd4', format: 99 }));
    await writeFile(join(dir, 'a1.json.new'), 'half a note');
    await writeFile(join(dir, 'README'), 'x');
    expect(await store.uploads()).toEqual([upload]);
    expect((await readdir(dir)).sort()).toEqual(['README', 'a1.json']);
  });

  it.skipIf(process.platform !== 'linux')('on a full disk keep what came, and go on when there is room', async () => {
    const dir = await folder();
    const store = await openDiskUploads(dir);
    await store.append(upload, pieces(bytes.subarray(0, 9)));
    const part = join(dir, 'a1.part');
    await rename(part, `${part}.aside`);
    await symlink('/dev/full', part);
    await expect(store.append(upload, pieces(bytes.subarray(9)))).rejects.toMatchObject({ code: 'disk-full' });
    await rm(part);
    await rename(`${part}.aside`, part);
    expect(await store.received(upload)).toBe(9);
    await store.append(upload, pieces(bytes.subarray(9)));
    expect((await collect(store)).equals(bytes)).toBe(true);
  });

  it.skipIf(process.platform === 'win32')('are nobody else’s to read', async () => {
    const dir = join(await folder(), 'uploads');
    const store = await openDiskUploads(dir);
    await store.keep(upload);
    await store.append(upload, pieces(bytes));
    const modes = await Promise.all(['', 'a1.json', 'a1.part'].map((name) => stat(join(dir, name))));
    expect(modes.map(({ mode }) => (mode & 0o777).toString(8))).toEqual(['700', '600', '600']);
  });
});
