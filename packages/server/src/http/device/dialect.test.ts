import { PLAIN_PREFIX, plainTarget, TURNKEY_PACKAGE_PATH, TURNKEY_PATH, TURNKEY_RESULT_PATH } from '@libfota2/protocol';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectDialect } from '../../../test/dialect.ts';
import { asks, exchange, type RawAnswer, values } from '../../../test/raw.ts';
import { fixtures, image, KEY, logged, publish, target } from '../../../test/server.ts';
import type { FotaServer } from '../../index.ts';

const { publishing } = fixtures(onTestFinished);

const RUNS = process.env['PROVE'] === undefined ? 60 : 2_000;
const TURNKEY = `${TURNKEY_PATH}?imei=867&project_key=${KEY}&core_version=2012&script_name=app&script_version=1.0.0`;

/** A question of each protocol for a firmware that has 1.1.0, by a device that has 1.0.0. */
const QUESTIONS = {
  libfota2: target(),
  'libfota v1': `/api/site/firmware_upgrade?project_key=${KEY}&firmware_name=app&version=1.0.0&imei=867`,
  'libfota v1 by a URL of its own': '/upgrade?version=1.0.0',
  libfota3: TURNKEY,
  'the plain contract': plainTarget({ projectKey: KEY, firmwareName: 'app', id: '867', version: '1.0.0' }),
} as const;

/** All that is the same at each telling. */
function timeless({ head }: RawAnswer): string {
  return head.replace(/^Date: .*$/m, '').replace(/^Content-Length: .*$/m, '');
}

async function asked(server: FotaServer): Promise<unknown> {
  return server.operator.device('sample', '867').catch(() => undefined);
}

describe.each(Object.entries(QUESTIONS))('a question of %s', (name, place) => {
  it('is answered alike however it is put: by any method, with a body or without', async () => {
    const { port } = await publishing({ '1.1.0': image(500) }, { deliveriesPerDay: 100 });
    const plain = await exchange(port, asks(place));
    expectDialect(plain);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const body of ['', 'x'.repeat(2_000)]) {
        const answer = await exchange(port, asks(place, method, [`Content-Length: ${body.length}`]) + body);
        expect([method, answer.status, timeless(answer)]).toEqual([method, plain.status, timeless(plain)]);
      }
    }
  });

  it('by HEAD has the same head, no body, and leaves no trace', async () => {
    const server = await publishing({ '1.1.0': image(500) });
    const head = await exchange(server.port, asks(place, 'HEAD'));
    expectDialect(head);
    expect(head.body).toHaveLength(0);
    expect([await logged(server), await asked(server)]).toEqual([[], undefined]);
    expect(timeless(head)).toBe(timeless(await exchange(server.port, asks(place))));
  });

  // Who names no device is refused before anything is counted for one.
  const forNamed = name === 'libfota v1 by a URL of its own' ? undefined : it;
  forNamed?.('by a device that must wait says until when', async () => {
    const { port } = await publishing({ '1.1.0': image(500) }, { bytesPerDevicePerDay: 600 });
    await exchange(port, asks(target()));
    const answer = await exchange(port, asks(place));
    expectDialect(answer);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 43 });
    expect(values(answer, 'retry-after')).toEqual(['3600']);
  });

  it('to a busy server is answered 503, with a time to come back, and counts for nothing', async () => {
    const server = await publishing({ '1.1.0': image(500) }, { limits: { maxConnections: 1 } });
    const { connect } = await import('node:net');
    const first = connect({ port: server.port, host: '127.0.0.1' });
    onTestFinished(async () => void first.destroy());
    await new Promise((resolve) => first.once('connect', resolve));
    const answer = await exchange(server.port, asks(place));
    expectDialect(answer);
    expect([name, answer.status, values(answer, 'retry-after').length]).toEqual([name, 503, 1]);
    expect(await asked(server)).toBeUndefined();
  });
});

describe('whatever comes', () => {
  /** Places of all protocols, whole, cut, changed in some bytes, and with something of another put in. */
  const places = [
    ...Object.values(QUESTIONS),
    `${TURNKEY_PACKAGE_PATH}WzFd.AAAA`,
    `${TURNKEY_RESULT_PATH}?fota_sn=WzFd.AAAA&result_code=1`,
    `${PLAIN_PREFIX}${KEY}/app/report`,
    `${PLAIN_PREFIX}${KEY}/app/report?id=867`,
  ];
  const bytes = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 5 }),
    fc.constantFrom('%', '&', '?', '=', '/', 'é'),
  );
  const mangled = fc
    .tuple(fc.constantFrom(...places), fc.nat(200), fc.nat(20), bytes)
    .map(([place, at, length, added]) => `/${(place.slice(0, at) + added + place.slice(at + length)).slice(1)}`)
    .map((place) => place.replace(/[\r\n\0]/g, ''));
  const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE');
  const bodies = fc.oneof(
    fc.constant(''),
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('{"id":"867","state":"installed"}', '{"id":"867"}', `{"log":["${'x'.repeat(20_000)}"]}`),
    fc.record({ fota_sn: fc.jsonValue(), result_code: fc.jsonValue() }).map((value) => JSON.stringify(value)),
  );

  it('is answered as devices need it, and nothing goes wrong inside', async () => {
    const problems: unknown[] = [];
    const server = await publishing({}, { onProblem: (problem) => problems.push(problem), deliveriesPerDay: 10_000 });
    await publish(server, '1.1.0', image(500));
    await fc.assert(
      fc.asyncProperty(mangled, methods, bodies, async (place, method, text) => {
        const body = Buffer.from(text);
        const head = asks(place, method, [`Content-Length: ${body.length}`]);
        expectDialect(await exchange(server.port, Buffer.concat([Buffer.from(head), body])));
      }),
      { numRuns: RUNS },
    );
    expect(problems).toEqual([]);
  });
});
