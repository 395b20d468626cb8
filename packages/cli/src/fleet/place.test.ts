import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiRelease } from '@libfota2/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Client, createClient } from '../client/http.ts';
import { lookUp, type Place, type PlaceWish, urlParts } from './place.ts';

const NOTHING: PlaceWish = {
  url: undefined,
  projectKey: undefined,
  firmwareName: undefined,
  project: undefined,
  server: undefined,
};

const PACKAGE = { source: 'any', fileName: '', format: 'opaque', size: 9 };

const release = (wireVersion: string, sha256 = wireVersion, more: object = {}): Partial<ApiRelease> => ({
  ...{
    wireVersion,
    firmwareName: 'app',
    state: 'published',
    packages: [{ ...PACKAGE, sha256 }],
  },
  ...more,
});

/** The admin side of a server that answers devices at its loopback, and has these releases, more each time that it is asked. */
const serverWith = (...lists: Lists): ReturnType<typeof serverAt> => serverAt('http://127.0.0.1:8266', ...lists);

type Lists = ReadonlyArray<readonly Partial<ApiRelease>[]>;

async function serverAt(
  deviceUrl: string | null,
  ...lists: Lists
): Promise<{ readonly client: Client; asked(): number }> {
  let asked = 0;
  const answerTo = (path: string): object => {
    if (path.endsWith('/status')) {
      return { deviceUrl, deviceHost: '0.0.0.0', paths: ['/upgrade'] };
    }
    if (path.endsWith('/projects')) return { items: [{ name: 'p', key: 'k', formerKeys: ['old'] }] };
    asked += 1;
    return { items: lists[asked - 1] ?? lists.at(-1) };
  };
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answerTo(path)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createClient({ base, name: 'the server' });
  onTestFinished(async () => {
    await client.close();
    server.close();
  });
  return { client, asked: () => asked };
}

const found = async (releases: readonly Partial<ApiRelease>[], wish: PlaceWish = NOTHING): Promise<Place> =>
  lookUp((await serverWith(releases)).client, wish);

describe('where a fleet asks', () => {
  it('is told by a URL: with a path also what it asks', () => {
    expect(urlParts('http://127.0.0.1:8266')).toEqual({ host: '127.0.0.1', port: 8266, url: undefined });
    expect(urlParts('http://h/')).toEqual({ host: 'h', port: 80, url: undefined });
    expect(urlParts('http://h:1/upgrade?')).toEqual({ host: 'h', port: 1, url: 'http://h:1/upgrade?' });
    expect(urlParts('###http://h:1/')).toEqual({ host: 'h', port: 1, url: '###http://h:1/' });
    expect(urlParts('http://[::1]:8266').host).toBe('::1');
    for (const url of ['ftp://h', 'https://h', 'h:80', '']) expect(() => urlParts(url)).toThrow('--url takes');
  });

  it('is looked up at the server: on the machine of the one that was named', async () => {
    const place = await found([release('1.0.0'), release('1.1.0')]);
    expect(place).toMatchObject({
      host: '127.0.0.1',
      port: 8266,
      projectKey: 'k',
      firmwareName: 'app',
      url: undefined,
    });
    const there = { ...NOTHING, server: 'http://10.0.0.5:8267' };
    expect((await found([release('1.0.0')], there)).host).toBe('10.0.0.5');
  });

  it('cannot be where no device is answered, or over TLS only', async () => {
    const silent = await serverAt(null, [release('1.0.0')]);
    await expect(lookUp(silent.client, NOTHING)).rejects.toMatchObject({ code: 'server-needed' });
    const secure = await serverAt('https://127.0.0.1:8443', [release('1.0.0')]);
    await expect(lookUp(secure.client, NOTHING)).rejects.toThrow('over TLS only');
    const odd = await serverAt('over there', [release('1.0.0')]);
    await expect(lookUp(odd.client, NOTHING)).rejects.toMatchObject({ code: 'server-unexpected' });
  });

  it('is with a key that nobody knows where somebody says so', async () => {
    const { projectKey } = await found([release('1.0.0')], { ...NOTHING, projectKey: 'strange' });
    expect(projectKey).toBe('strange');
  });

  it('has to be said where there are several firmwares, and is not to be had where there is none', async () => {
    const two = [release('1.0.0'), release('1.0.0', 'b', { firmwareName: 'other' })];
    await expect(found(two)).rejects.toThrow('several firmwares: "app", "other"');
    await expect(found([])).rejects.toThrow('nothing is published in "p" yet');
  });
});

describe('what devices run at first', () => {
  it.each([
    [['1.0.0', '1.10.0', '1.9.0'], '1.9.0'],
    [['2012.001.004'], '2012.001.003'],
    [['2012.001.000'], '2012.000.000'],
    [['1.0.0'], '0.0.0'],
    [['0.0.0'], undefined],
  ])('is below the newest of %j: %s', async (versions, wanted) => {
    const { version } = await found(versions.map((one) => release(one)));
    expect(version).toBe(wanted);
  });

  it('is not told by drafts, nor by what was withdrawn', async () => {
    const releases = [
      release('1.0.0'),
      release('1.2.0', 'b', { state: 'draft' }),
      release('1.3.0', 'c', { state: 'withdrawn' }),
    ];
    expect((await found(releases)).version).toBe('0.0.0');
  });
});

describe('what a package makes of a device', () => {
  it('is the version of its release, and is asked for anew only where it is not known', async () => {
    const { client, asked } = await serverWith([release('1.0.0', 'a')], [release('1.0.0', 'a'), release('1.1.0', 'b')]);
    const { versionOf } = await lookUp(client, NOTHING);
    expect([await versionOf?.('a'), asked()]).toEqual(['1.0.0', 1]);
    expect(await Promise.all([versionOf?.('b'), versionOf?.('b')])).toEqual(['1.1.0', '1.1.0']);
    expect(asked()).toBe(2);
    expect(await versionOf?.('c')).toBeUndefined();
  });
});
