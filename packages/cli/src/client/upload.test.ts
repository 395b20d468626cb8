import { truncateSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FotaServer, startServer } from '@libfota2/server';
import { makeImage, sha256Hex } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient } from './http.ts';
import { type UploadOptions, uploadFile } from './upload.ts';

describe('an upload', () => {
  const image = makeImage(5, 9_000_000);
  let dir: string;
  let path: string;
  let server: FotaServer;
  let breaks: string[];
  let progress: number[];
  let begun: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fota upload '));
    path = join(dir, 'app.bin');
    await writeFile(path, image);
    server = await startServer({ dataDir: join(dir, 'data'), devices: false });
    breaks = [];
    progress = [];
    begun = '';
  });
  afterEach(async () => {
    await server.close();
    await rm(dir, { recursive: true });
  });

  const client = () => createClient({ base: 'http://localhost', socketPath: server.socket, name: 'the server' });

  function options(more: Partial<UploadOptions> = {}): UploadOptions {
    return {
      signal: new AbortController().signal,
      onBegin: (id) => {
        begun = id;
      },
      onProgress: (done) => progress.push(done),
      onBreak: (reason) => breaks.push(reason),
      waitMs: 1,
      ...more,
    };
  }

  it('tells how far it is, and ends with what was found', async () => {
    const upload = await uploadFile(client(), path, options());
    expect(upload).toMatchObject({
      state: 'complete',
      size: image.length,
      sha256: sha256Hex(image),
      fileName: 'app.bin',
    });
    expect(upload.inspection?.format).toBe('opaque');
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(image.length);
    expect(breaks).toEqual([]);
  });

  it('is given up when the server stays away, and says how to go on', async () => {
    const onProgress = (done: number): void => {
      if (done > 5_000_000) void server.close();
    };
    const failed = uploadFile(client(), path, options({ onProgress, patience: 2 }));
    await expect(failed).rejects.toMatchObject({
      code: 'upload-given-up',
      message: expect.stringContaining('(--resume '),
    });
    expect(breaks.length).toBeGreaterThanOrEqual(2);
    server = await startServer({ dataDir: join(dir, 'data'), devices: false });
    const before = await client().get('/uploads/{upload}', { path: { upload: begun } });
    // Whole pieces of it are there, and only the rest goes up.
    expect(before.offset).toBeGreaterThanOrEqual(4 << 20);
    expect(await uploadFile(client(), path, options({ resume: begun }))).toMatchObject({ state: 'complete' });
    expect(progress[0]).toBe(before.offset);
  });

  it('stops where somebody else goes on with it', async () => {
    const { id } = await client().send('POST', '/uploads', { body: { size: image.length, sha256: sha256Hex(image) } });
    const both = await Promise.allSettled([1, 2].map(() => uploadFile(client(), path, options({ resume: id }))));
    const failed = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(failed).toMatchObject([{ code: 'upload-superseded' }]);
    expect(await client().get('/uploads/{upload}', { path: { upload: id } })).toMatchObject({ state: 'complete' });
  });

  it('does not go on with another file, or one that changed', async () => {
    const { id } = await client().send('POST', '/uploads', { body: { size: image.length, sha256: '0'.repeat(64) } });
    await expect(uploadFile(client(), path, options({ resume: id }))).rejects.toMatchObject({ code: 'file-changed' });
    const shrunk = uploadFile(client(), path, options({ onBegin: () => truncateSync(path, 100), patience: 0 }));
    await expect(shrunk).rejects.toMatchObject({ code: 'file-changed' });
  });

  it('of a file that cannot be read never begins', async () => {
    for (const name of ['gone.bin', '.']) {
      const failed = uploadFile(client(), join(dir, name), options());
      await expect(failed).rejects.toMatchObject({ code: 'file-unreadable' });
    }
    expect(begun).toBe('');
  });
});
