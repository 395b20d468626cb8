import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FotaServer, startServer } from '@libfota2/server';
import { makeImage, sha256Hex, tool } from '@libfota2/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from './support/packed.ts';
import { start } from './support/programs.ts';

const curl = tool('curl', 'apt-get install curl');
const [first, second] = [makeImage(51, 70_000), makeImage(52, 50_000)];
/** As docs/protocol.md gives them: one takes an image, one goes on with it. */
const [TAKE = '', GO_ON = ''] = readFileSync(join(root, 'docs/protocol.md'), 'utf8').match(/(?<=`)curl [^`]+/g) ?? [];

let dir: string;
let server: FotaServer;
let key: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'libfota2 curl '));
  server = await startServer({ dataDir: join(dir, 'data') });
  ({ key } = await server.createProject('p'));
  await publish('1.1.0', first);
});

afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

function publish(version: string, image: Uint8Array) {
  return server.publish({ project: 'p', firmwareName: 'app', version, package: [image] });
}

/** Runs a line of the page as the device that has this version; its exit code, and what is in image.bin then. */
async function run(line: string, version: string, etag = '') {
  const url = `http://127.0.0.1:${server.port}/d/${key}/app?id=1&version=${version}`;
  const { ended } = start('sh', ['-c', line.replace('URL', url).replace('SHA256', etag)], { cwd: dir });
  const code = await ended;
  return { code, image: sha256Hex(await readFile(join(dir, 'image.bin'))) };
}

describe.skipIf(curl === undefined)('curl, as the page calls it', () => {
  it('takes one upgrade after another into one file, and leaves the file where there is none', async () => {
    expect(await run(TAKE, '1.0.0')).toEqual({ code: 0, image: sha256Hex(first) });
    await publish('1.2.0', second);
    expect(await run(TAKE, '1.1.0')).toEqual({ code: 0, image: sha256Hex(second) });
    expect(await run(TAKE, '1.2.0')).toEqual({ code: 22, image: sha256Hex(second) });
  });

  it('goes on with a broken image, and with no other', async () => {
    await run(TAKE, '1.0.0');
    await truncate(join(dir, 'image.bin'), 30_000);
    expect(await run(GO_ON, '1.0.0', sha256Hex(first))).toEqual({ code: 0, image: sha256Hex(first) });
    expect(await run(GO_ON, '1.0.0', sha256Hex(first))).toEqual({ code: 22, image: sha256Hex(first) });

    await writeFile(join(dir, 'image.bin'), 'what else lay there');
    const other = sha256Hex(await readFile(join(dir, 'image.bin')));
    expect(await run(GO_ON, '1.0.0', sha256Hex(second))).toEqual({ code: 33, image: other });
  });
});
