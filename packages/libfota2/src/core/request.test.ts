import { FakeClock, fakeWorld, makeImage, type Script, sha256Hex } from '@libfota2/testkit';
import { type Callback, createCore, type Outcome, type RequestOptions, type Settings, type World } from 'libfota2/core';
import { describe, expect, it, vi } from 'vitest';

const image = makeImage(1, 100_000);
const url = 'http://h/up';
const upgradeOnce: Script = () => ({ body: image, headers: { etag: '"v1"' } });

function asked(world: World, options?: RequestOptions | null, settings: Settings = {}): Promise<[number, Outcome]> {
  return new Promise((resolve) => {
    createCore(world, settings).request((...all) => resolve(all), options);
  });
}

describe('request', () => {
  it('needs a callback, and says so at once', () => {
    const fota = createCore(fakeWorld(upgradeOnce));
    expect(() => fota.request(undefined as unknown as Callback)).toThrow(TypeError);
    expect(() => fota.request('x' as unknown as Callback, { url })).toThrow(/request\(\(result\)/);
  });

  it('tells the number and the whole story', async () => {
    const [result, outcome] = await asked(fakeWorld(upgradeOnce), { url });
    expect(result).toBe(0);
    expect(outcome).toMatchObject({ kind: 'downloaded', size: image.length, sha256: sha256Hex(image), attempts: 1 });
    expect(outcome).toMatchObject({ status: 200, bytes: image.length, resumedFrom: 0, url });
  });

  it('returns nothing and never calls back before it has returned', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      const fota = createCore(fakeWorld(upgradeOnce));
      const returned: unknown = fota.request(
        () => {
          order.push('called back');
          resolve();
        },
        { url: 'no url' },
      );
      order.push(`returned ${returned}`);
    });
    expect(order).toEqual(['returned undefined', 'called back']);
  });

  it.each([
    ['a malformed URL', { url: 'xxx/upgrade' }, 2, 'url-malformed'],
    ['a foreign scheme', { url: 'ftp://h/up' }, 2, 'url-scheme'],
    ['the platform without a product key', {}, 5, 'product-key-missing'],
    ['the platform with a wrong VERSION', { project_key: 'K', version: '1.0' }, 5, 'version-malformed'],
    ['options that are none', 'http://h/up', 4, 'option-invalid'],
    ['a method without an answer to take', { url, method: 'head' }, 4, 'option-invalid'],
  ])('opens no socket for %s', async (_name, options, number, code) => {
    const world = fakeWorld(upgradeOnce);
    const [result, outcome] = await asked(world, options as RequestOptions);
    expect([result, outcome.code, outcome.attempts]).toEqual([number, code, 0]);
    expect(world.asks).toEqual([]);
  });

  it('calls back, too, when the place cannot even be named', async () => {
    const world = fakeWorld(upgradeOnce);
    const place = (): never => {
      throw Object.assign(new Error('ENOENT: no such file or directory, uv_cwd'), { code: 'ENOENT' });
    };
    const [result, outcome] = await asked({ ...world, place }, { url });
    expect([result, outcome.code]).toEqual([4, 'write-failed']);
  });

  it('takes null for no options, as Lua has nil', async () => {
    const [result] = await asked(fakeWorld(upgradeOnce), null);
    expect(result).toBe(5);
  });

  it('leaves its options as they are, and a second call with them does the same', async () => {
    const options: RequestOptions = {
      url: 'http://h/up?',
      headers: { a: 'b' },
      method: 'post',
      body: 'x',
      timeout: 1000,
    };
    const before = structuredClone(options);
    const world = fakeWorld(() => ({ status: 404 }));
    await asked(world, options);
    await asked(world, options);
    expect(options).toEqual(before);
    expect(world.asks[1]).toMatchObject({ url: world.asks[0]?.url, method: 'POST', body: 'x' });
  });

  it('goes by its options as they were at the call', async () => {
    const world = fakeWorld(() => ({ status: 404 }));
    const headers = { a: 'before' };
    const body = Buffer.from('before');
    const options = { url, headers, body, method: 'POST' };
    const done = asked(world, options);
    headers.a = 'after';
    body.fill('x');
    options.url = 'http://elsewhere/';
    await done;
    expect(world.asks[0]?.url).toMatch(/^http:\/\/h\/up/);
    expect(world.asks[0]?.headers['a']).toBe('before');
    expect(world.asks[0]?.body).toEqual(new Uint8Array(Buffer.from('before')));
  });

  it('does not call a callback again that throws, and does not swallow what it throws', async () => {
    const clock = new FakeClock();
    const callback = vi.fn(() => {
      throw new Error('from the application');
    });
    createCore(fakeWorld(upgradeOnce, { clock })).request(callback, { url });
    await expect(clock.advance(10)).rejects.toThrow('from the application');
    await clock.advance(1_000_000);
    expect(callback).toHaveBeenCalledTimes(1);
  });
});

describe('an answer without an upgrade is number 4, and tells which', () => {
  it.each([
    ['{"code": 27, "msg": "\\u5df2\\u662f\\u6700\\u65b0"}', 404, 'newest', { code: 27, msg: '已是最新' }],
    ['{"code": 21, "msg": "no"}', 403, 'blocked', { code: 21, msg: 'no' }],
    ['{"code": 99, "msg": "?"}', 404, 'refused', { code: 99, msg: '?' }],
    ['{"code": 43, "msg": "wait"}', 500, 'wait', { code: 43, msg: 'wait' }],
    ['<html>not found', 404, 'refused', undefined],
    ['', 300, 'refused', undefined],
    ['', 304, 'not-modified', undefined],
  ])('%s', async (body, status, reason, refusal) => {
    const [result, outcome] = await asked(
      fakeWorld(() => ({ status, body })),
      { url },
    );
    expect(result).toBe(4);
    expect(outcome).toMatchObject({ kind: 'no-upgrade', code: 'no-upgrade', reason, refusal, status });
  });

  it.each([
    [500, {}, 'server-error'],
    [302, { location: 'http://elsewhere/up?secret=1' }, 'redirect'],
    [204, {}, 'status-unexpected'],
  ])('but status %i is a failure', async (status, headers, code) => {
    const [result, outcome] = await asked(
      fakeWorld(() => ({ status, headers })),
      { url },
    );
    expect([result, outcome.kind, outcome.code]).toEqual([4, 'failed', code]);
    expect(outcome.message).not.toContain('secret');
  });
});

describe('upgrade', () => {
  it('rejects with the reason of an aborted signal, and with nothing else', async () => {
    const abort = new AbortController();
    const world = fakeWorld(() => 'silence', { clock: new FakeClock() });
    const promise = createCore(world).upgrade({ url, signal: abort.signal });
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(promise).rejects.toBe(reason);
    await expect(createCore(world).upgrade({ url, signal: abort.signal })).rejects.toBe(reason);
    await expect(createCore(world).check({ url, signal: abort.signal })).rejects.toBe(reason);
  });

  it('tells the progress, and survives a listener that throws', async () => {
    const clock = new FakeClock();
    const told: number[] = [];
    const promise = createCore(fakeWorld(upgradeOnce, { clock })).upgrade({
      url,
      onProgress: ({ bytes, total }) => {
        told.push(bytes);
        expect(total).toBe(image.length);
        throw new Error('from the listener');
      },
    });
    await expect(promise).resolves.toMatchObject({ result: 0 });
    expect(told).toHaveLength(1);
    await expect(clock.advance(10)).rejects.toThrow('from the listener');
  });

  it('refuses an image that is not the expected one', async () => {
    const world = fakeWorld(upgradeOnce);
    const outcome = await createCore(world).upgrade({ url, expectedSha256: '0'.repeat(64) });
    expect(outcome).toMatchObject({ result: 4, code: 'digest-mismatch' });
    expect(world.disk.shown).toBeUndefined();
  });

  it('follows redirects when asked, and hands another origin nothing that was meant for the first', async () => {
    const world = fakeWorld((ask) =>
      ask.url.startsWith('https://h/') ? { status: 302, headers: { location: 'https://cdn/fw.bin' } } : { body: image },
    );
    const options = {
      url: 'https://h/up',
      maxRedirects: 1,
      headers: { authorization: 'Bearer x' },
      cert: 'C',
      key: 'K',
      ca: 'A',
    };
    expect(await createCore(world).upgrade(options)).toMatchObject({ result: 0, attempts: 2 });
    expect(world.asks[0]).toMatchObject({ headers: { authorization: 'Bearer x' }, tls: { cert: 'C' } });
    expect(world.asks[1]).toMatchObject({ url: 'https://cdn/fw.bin', headers: {}, tls: { ca: 'A' } });
    expect(world.asks[1]?.tls.cert).toBeUndefined();
  });

  it('never follows a redirect from https to http', async () => {
    const world = fakeWorld(() => ({ status: 302, headers: { location: 'http://h/fw.bin' } }));
    const outcome = await createCore(world).upgrade({ url: 'https://h/up', maxRedirects: 5 });
    expect(outcome).toMatchObject({ code: 'redirect', attempts: 1 });
  });
});

describe('check', () => {
  it('tells of an upgrade without taking it', async () => {
    const world = fakeWorld(upgradeOnce);
    expect(await createCore(world).check({ url })).toMatchObject({
      kind: 'available',
      size: image.length,
      etag: '"v1"',
    });
    expect(world.disk.shown).toBeUndefined();
  });

  it('tells of none as upgrade does', async () => {
    expect(await createCore(fakeWorld(() => ({ status: 404 }))).check({ url })).toMatchObject({ kind: 'no-upgrade' });
    expect(await createCore(fakeWorld(() => ({ status: 404 }))).check({ url: 'x' })).toMatchObject({ result: 2 });
  });
});
