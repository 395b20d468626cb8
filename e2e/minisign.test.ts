import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { formatKeyRing, formatManifest, type Manifest, parsePublicKey } from '@libfota2/protocol';
import { makeImage, makeSigner, sha256Hex, tool } from '@libfota2/testkit';
import { createFota, type Outcome } from 'libfota2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const minisign = tool('minisign', 'apt-get install minisign');
const image = makeImage(31, 300_000);

describe.skipIf(minisign === undefined)('a folder on a web server that knows nothing of signatures', () => {
  let home: string;
  let server: Server;
  let trust: string;
  const file = (name: string): string => join(home, 'public', name);

  const run = (...args: readonly string[]): void => void execFileSync(minisign ?? '', args, { stdio: 'pipe' });
  /** What a workshop with one script does: minisign -S, with what fota would write as the comment. */
  const publish = async (bytes: Uint8Array, wanted: Partial<Manifest>): Promise<void> => {
    const said = { project: 'gateway', firmwareName: 'gateway', version: '2.0.0', signedAt: 1_767_225_600 };
    const comment = formatManifest({ ...said, size: bytes.length, sha256: sha256Hex(bytes), ...wanted });
    await writeFile(file('firmware.bin'), bytes);
    run('-S', '-s', join(home, 'key'), '-m', file('firmware.bin'), '-t', comment);
  };
  const upgrade = (dir: string, version = '1.0.0'): Promise<Outcome> =>
    createFota({ dir: join(home, dir), trust, version, project: 'gateway' }).upgrade({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/firmware.bin`,
    });

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'libfota2 minisign '));
    await mkdir(file(''));
    run('-G', '-W', '-p', join(home, 'key.pub'), '-s', join(home, 'key'));
    const releaseKeys = [parsePublicKey(await readFile(join(home, 'key.pub'), 'utf8'))];
    trust = formatKeyRing({ project: 'gateway', serial: 1, releaseKeys, ringKeys: [makeSigner(2).publicKey] });
    server = createServer((request, response) => {
      const name = basename(new URL(request.url ?? '/', 'http://h').pathname);
      readFile(file(name)).then(
        (bytes) => response.setHeader('ETag', `"${sha256Hex(bytes)}"`).end(bytes),
        () => response.writeHead(404).end(),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(async () => {
    server.close();
    await rm(home, { recursive: true });
  });

  it('upgrades a device that has the key, once', async () => {
    await publish(image, {});
    expect(await upgrade('device')).toMatchObject({ result: 0, manifest: { version: '2.0.0', size: image.length } });
    expect((await readFile(join(home, 'device', 'update.bin'))).equals(image)).toBe(true);
    expect(await upgrade('device', '2.0.0')).toMatchObject({ code: 'no-upgrade', reason: 'newest', bytes: 0 });
  });

  it('does not upgrade it to a file that was replaced, or to one that is older than what runs', async () => {
    await publish(image, {});
    await writeFile(file('firmware.bin'), makeImage(32, image.length));
    expect(await upgrade('careful')).toMatchObject({ result: 4, code: 'signature-invalid' });
    await publish(image, { version: '0.9' });
    expect(await upgrade('careful')).toMatchObject({ result: 4, code: 'manifest-downgrade' });
    await rm(file('firmware.bin.minisig'));
    expect(await upgrade('careful')).toMatchObject({ result: 4, code: 'signature-missing' });
    await expect(readFile(join(home, 'careful', 'update.bin'))).rejects.toThrow('ENOENT');
  });
});
