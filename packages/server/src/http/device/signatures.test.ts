import { followLink, formatKeyRing, parseLinks } from '@libfota2/protocol';
import { testCrypto } from '@libfota2/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asks, exchange, type RawAnswer, values } from '../../../test/raw.ts';
import { etag, fixtures, image, KEY, logged, PROJECT, target } from '../../../test/server.ts';
import { DAILY, firstRing, ringText, SAFE, SPARE, secondRing, signed } from '../../../test/trust.ts';
import type { FotaServer } from '../../main.ts';

const { started } = fixtures(onTestFinished);
const FIRST = { text: ringText(firstRing(PROJECT)) };
const SECOND = SAFE.link(secondRing(PROJECT));
const RING = ['Fota-Key-Ring: 1'];

async function publish({ publish }: FotaServer, version: string, bytes: Uint8Array, by = DAILY): Promise<void> {
  await publish({ project: PROJECT, package: [bytes], signature: signed(bytes, { version }, by) });
}

/** A server with a project that has a key ring and a signed release 1.1.0 of the firmware `app`. */
async function trusted(bytes = image()): Promise<FotaServer> {
  const server = await started();
  await server.createProject(PROJECT, KEY);
  await server.operator.setKeyRing(PROJECT, FIRST);
  await publish(server, '1.1.0', bytes);
  return server;
}

const signatureIn = (answer: RawAnswer): string | undefined => {
  const [value] = values(answer, 'fota-signature');
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString();
};

describe('a device that tells its key ring', () => {
  it('gets the signature with the package, with HEAD, and with its rest, and none where no bytes come', async () => {
    const bytes = image();
    const { port } = await trusted(bytes);
    const look = await exchange(port, asks(target(), 'HEAD', RING));
    expect([look.status, signatureIn(look)]).toEqual([200, signed(bytes)]);
    const whole = await exchange(port, asks(target(), 'GET', RING));
    expect([whole.status, signatureIn(whole), whole.body.equals(bytes)]).toEqual([200, signed(bytes), true]);
    const rest = await exchange(
      port,
      asks(target(), 'GET', [...RING, 'Range: bytes=100-', `If-Range: ${etag(bytes)}`]),
    );
    expect([rest.status, signatureIn(rest)]).toEqual([206, signed(bytes)]);
    const held = await exchange(port, asks(target(), 'GET', [...RING, `If-None-Match: ${etag(bytes)}`]));
    expect([held.status, signatureIn(held)]).toEqual([304, undefined]);
    const newest = await exchange(port, asks(target('1.1.0'), 'GET', RING));
    expect([newest.status, signatureIn(newest)]).toEqual([404, undefined]);
  });

  it('gets with the rest of a package the signature of that one, not of what was published meanwhile', async () => {
    const bytes = image();
    const server = await trusted(bytes);
    await exchange(server.port, asks(target(), 'GET', RING));
    await publish(server, '1.2.0', image());
    const rest = await exchange(
      server.port,
      asks(target(), 'GET', [...RING, 'Range: bytes=100-', `If-Range: ${etag(bytes)}`]),
    );
    expect([rest.status, signatureIn(rest), rest.body.equals(bytes.subarray(100))]).toEqual([206, signed(bytes), true]);
  });

  it('and nobody else: not a byte more goes to those that do not', async () => {
    const bytes = image();
    const server = await trusted(bytes);
    await server.operator.setKeyRing(PROJECT, SECOND);
    for (const more of [
      [],
      ['Fota-Key-Ring: '],
      ['Fota-Key-Ring: one'],
      ['Fota-Key-Ring: 0'],
      ['Fota-Key-Ring: 1, 2'],
    ]) {
      const { status, head } = await exchange(server.port, asks(target(), 'GET', more));
      expect([status, /fota-/i.test(head)]).toEqual([200, false]);
      expect(head.length).toBeLessThan(500);
    }
  });

  it.each([
    ['a refusal', target('1.1.0'), [], 404],
    ['an unknown id', target('1.0.0', ''), [], 400],
    ['304', target(), ['If-None-Match: *'], 304],
    ['a package', target(), [], 200],
    ['a range that is beyond it', target(), ['Range: bytes=9-'], 416],
  ] as const)('is told the next rings with %s', async (_, place, more, status) => {
    const server = await trusted();
    await server.operator.setKeyRing(PROJECT, { ...SAFE.link({ ...firstRing(PROJECT), serial: 2 }) });
    const answer = await exchange(server.port, asks(place, 'GET', [...RING, ...more]));
    expect(answer.status).toBe(status);
    const [header = ''] = values(answer, 'fota-key-ring');
    const [link] = parseLinks(header);
    expect(link && followLink(firstRing(PROJECT), link, testCrypto).serial).toBe(2);
    const present = await exchange(server.port, asks(place, 'GET', ['Fota-Key-Ring: 2', ...more]));
    expect(values(present, 'fota-key-ring')).toEqual([]);
  });

  it('of whatever age comes to the present one, in as many questions as it takes', async () => {
    const server = await trusted();
    for (let serial = 2; serial <= 12; serial += 1) {
      await server.operator.setKeyRing(PROJECT, SAFE.link({ ...firstRing(PROJECT), serial }));
    }
    for (const serial of [1, 5, 11]) {
      let ring = { ...firstRing(PROJECT), serial };
      let asked = 0;
      for (; ring.serial < 12; asked += 1) {
        const told = [`Fota-Key-Ring: ${ring.serial}`];
        const [header = ''] = values(await exchange(server.port, asks(target('1.1.0'), 'HEAD', told)), 'fota-key-ring');
        expect(header.length).toBeLessThanOrEqual(8_192);
        ring = parseLinks(header).reduce((held, link) => followLink(held, link, testCrypto), ring);
      }
      expect(asked).toBeLessThanOrEqual(6);
    }
  });

  it('is not offered what it would refuse: what a key signed that was taken out, or nobody', async () => {
    const bytes = image();
    const server = await started();
    await server.createProject(PROJECT, KEY);
    await server.publish({ project: PROJECT, firmwareName: 'app', version: '1.3.0', package: [image(9)] });
    await server.operator.setKeyRing(PROJECT, FIRST);
    await publish(server, '1.1.0', bytes);
    const ask = (more: readonly string[]) => exchange(server.port, asks(target(), 'GET', more));
    const before = await ask(RING);
    expect([before.status, before.body.equals(bytes)]).toEqual([200, true]);
    await server.operator.setKeyRing(PROJECT, SECOND);
    const resumes = [...RING, 'Range: bytes=9-', `If-Range: ${etag(bytes)}`];
    for (const more of [RING, ['Fota-Key-Ring: 2'], resumes]) {
      const after = await ask(more);
      expect([after.status, JSON.parse(after.body.toString())]).toMatchObject([404, { code: 27 }]);
      expect(values(after, 'fota-key-ring')).toHaveLength(more === RING || more === resumes ? 1 : 0);
    }
    expect((await logged(server))[0]).toMatchObject({ event: 'refused', code: 27, rule: 'untrusted' });
    expect((await ask([])).status).toBe(200);
    await publish(server, '1.1.0', bytes, SPARE);
    expect((await ask(RING)).status).toBe(200);
  });

  it('finds all of it again after a restart', async () => {
    const bytes = image();
    const server = await trusted(bytes);
    await server.operator.setKeyRing(PROJECT, SAFE.link({ ...firstRing(PROJECT), serial: 2 }));
    await server.close();
    const again = await started({ dataDir: server.dataDir });
    const answer = await exchange(again.port, asks(target(), 'GET', RING));
    expect([signatureIn(answer), values(answer, 'fota-key-ring').length]).toEqual([signed(bytes), 1]);
  });
});

describe('the signature of a package', () => {
  const place = (sha256: string, firmware = 'app', key = KEY): string =>
    `/d/${key}/${firmware}/signature?sha256=${sha256}`;

  it('is text that anybody may read', async () => {
    const bytes = image();
    const { port } = await trusted(bytes);
    const sha256 = etag(bytes).slice(1, -1);
    const found = await exchange(port, asks(place(sha256)));
    expect([found.status, found.body.toString()]).toEqual([200, signed(bytes)]);
    expect(found.head).toMatch(/^content-type: text\/plain/im);
    expect(values(found, 'content-length')).toEqual([String(signed(bytes).length)]);
    const look = await exchange(port, asks(place(sha256), 'HEAD'));
    expect([look.status, look.body.length, values(look, 'content-length')]).toEqual([
      200,
      0,
      [String(signed(bytes).length)],
    ]);
    const posted = await exchange(port, asks(place(sha256), 'POST'));
    expect([posted.status, values(posted, 'allow')]).toEqual([405, ['GET, HEAD']]);
  });

  it.each([
    [404, 27, place('0'.repeat(64))],
    [404, 27, place('')],
    [404, 27, `/d/${KEY}/app/signature`],
    [404, 26, place('0', 'other')],
    [403, 25, place('0', 'app', 'nobody')],
  ])('is refused with %i and code %i where there is none: %s', async (status, code, asked) => {
    const { port } = await trusted();
    const answer = await exchange(port, asks(asked));
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([status, { code }]);
  });
});

it('a long key ring with long names travels whole', async () => {
  const server = await started();
  const name = '网'.repeat(64);
  await server.createProject(name, KEY);
  const first = { ...firstRing(name), releaseKeys: [DAILY.publicKey, SPARE.publicKey] };
  await server.operator.setKeyRing(name, { text: formatKeyRing(first) });
  const next = SAFE.link({ ...first, serial: 2 });
  await server.operator.setKeyRing(name, next);
  const answer = await exchange(server.port, asks(target(), 'GET', RING));
  expect(parseLinks(values(answer, 'fota-key-ring')[0] ?? '')).toEqual([next]);
});
