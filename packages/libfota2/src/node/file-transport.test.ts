import { spawnSync } from 'node:child_process';
import { appendFile, mkdtemp, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Answer } from '../core.ts';
import { fileTransport } from './file-transport.ts';

let file: string;
beforeEach(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'libfota2 stick '));
  onTestFinished(() => rm(dir, { recursive: true }));
  file = join(dir, 'image 1.bin');
});

function ask(headers: Readonly<Record<string, string>> = {}, url = 'http://localhost/image', method = 'GET') {
  return fileTransport(file).open({
    method,
    url,
    headers,
    body: undefined,
    tls: {},
    connectTimeoutMs: 1_000,
    idleTimeoutMs: 1_000,
    signal: new AbortController().signal,
    onConnected: () => undefined,
  });
}

function makePipe(path: string): void {
  spawnSync('sh', ['-c', 'mkfifo "$0"', path]);
}

/** The head alone. */
async function head(headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const answer = await ask(headers);
  answer.close();
  return answer;
}

async function bytesOf({ body }: Answer): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

describe('a file as a server', () => {
  const image = Buffer.alloc(600_000, (Math.random() * 256) | 0);
  beforeEach(() => writeFile(file, image));

  it('answers with the whole of it, its length and a validator', async () => {
    const answer = await ask();
    expect(answer).toMatchObject({ status: 200, framing: 'length' });
    expect(answer.headers).toEqual({
      etag: expect.stringMatching(/^"[^"]+"$/),
      'accept-ranges': 'bytes',
      'content-length': '600000',
    });
    expect((await bytesOf(answer)).equals(image)).toBe(true);
  });

  it('brings the signature beside it in its head, and as the file beside it', async () => {
    await writeFile(`${file}.minisig`, 'signed');
    const answer = await ask();
    answer.close();
    expect(answer.headers['fota-signature']).toBe(Buffer.from('signed').toString('base64'));
    expect(String(await bytesOf(await ask({}, 'http://localhost/image.minisig?x=1')))).toBe('signed');
  });

  it('goes on where somebody stopped, as long as it is the same file', async () => {
    const { etag = '' } = (await head()).headers;
    const rest = await ask({ range: 'bytes=599990-', 'if-range': etag });
    expect(rest).toMatchObject({ status: 206 });
    expect(rest.headers).toMatchObject({ 'content-range': 'bytes 599990-599999/600000', 'content-length': '10' });
    expect(await bytesOf(rest)).toHaveLength(10);
    expect(await ask({ range: 'bytes=600000-', 'if-range': etag })).toMatchObject({ status: 416 });
    await appendFile(file, 'x');
    expect(await head({ range: 'bytes=599990-', 'if-range': etag })).toMatchObject({ status: 200 });
  });

  it('says so where it is what somebody has', async () => {
    const { etag = '' } = (await head()).headers;
    expect(await ask({ 'if-none-match': etag })).toMatchObject({ status: 304 });
    await utimes(file, 1, 1);
    expect(await head({ 'if-none-match': etag })).toMatchObject({ status: 200 });
  });

  it('loses the connection where the file changes while it is read, or ends early', async () => {
    const changing = await ask();
    await appendFile(file, 'x');
    await expect(bytesOf(changing)).rejects.toMatchObject({ code: 'connection-lost', message: /changed/ });
    const ending = await ask();
    await truncate(file, 10);
    await expect(bytesOf(ending)).rejects.toMatchObject({ code: 'connection-lost' });
  });

  it('has nothing but what it has, and is only read', async () => {
    expect(await ask({}, 'http://localhost/image.minisig')).toMatchObject({ status: 404 });
    expect(await ask({}, 'http://localhost/image', 'POST')).toMatchObject({ status: 405 });
    await rm(file);
    expect(await ask()).toMatchObject({ status: 404 });
    file = tmpdir();
    expect(await ask()).toMatchObject({ status: 404 });
  });

  it('neither waits for a pipe nor reads a device', async () => {
    const signature = `${file}.minisig`;
    makePipe(signature);
    expect((await head()).headers).not.toHaveProperty('fota-signature');
    expect(await ask({}, 'http://localhost/image.minisig')).toMatchObject({ status: 404 });
    await rm(signature);
    await symlink('/dev/zero', signature);
    expect((await head()).headers).not.toHaveProperty('fota-signature');
    await rm(file);
    makePipe(file);
    expect(await ask()).toMatchObject({ status: 404 });
  });

  it('cannot be opened where the way to it is broken', async () => {
    file = join(file, '\0');
    await expect(ask()).rejects.toMatchObject({ code: 'host-unreachable' });
  });
});
