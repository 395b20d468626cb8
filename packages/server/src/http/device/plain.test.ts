import { plainTarget } from '@libfota2/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asks, exchange, values } from '../../../test/raw.ts';
import { etag, fixtures, image, KEY, logged, PROJECT, publish, target } from '../../../test/server.ts';

const { publishing, started } = fixtures(onTestFinished);

/** The target of the plain contract for the sample firmware. */
function plain(version = '1.0.0', id = 'gateway 7', firmwareName = 'app'): string {
  return plainTarget({ projectKey: KEY, firmwareName, id, version });
}

describe('the plain contract', () => {
  it('gives a client the package, its rest, and 304 for what it holds', async () => {
    const bytes = image();
    const { port } = await publishing({ '1.1.0': bytes });
    const whole = await exchange(port, asks(plain()));
    expect([whole.status, whole.body.equals(bytes)]).toEqual([200, true]);
    const rest = await exchange(port, asks(plain(), 'GET', ['Range: bytes=100-', `If-Range: ${etag(bytes)}`]));
    expect([rest.status, rest.body.equals(bytes.subarray(100))]).toEqual([206, true]);
    const held = await exchange(port, asks(plain(), 'GET', [`If-None-Match: ${etag(bytes)}`]));
    expect(held.status).toBe(304);
  });

  it('knows names of any script, with slashes in them', async () => {
    const server = await started();
    await server.createProject(PROJECT, KEY);
    const firmwareName = '网关/主 板#1';
    await server.publish({ project: PROJECT, firmwareName, version: '2', package: [image(100)] });
    expect((await exchange(server.port, asks(plain('1', 'g', firmwareName)))).status).toBe(200);
  });

  it.each([
    ['without an id', 400, 3, `/d/${KEY}/app?version=1`],
    ['of an unknown project', 403, 25, '/d/nobody/app?id=1&version=1'],
    ['of an unknown firmware', 404, 26, plain('1', 'g', 'other')],
    ['of the newest', 404, 27, plain('1.1.0')],
    ['of less than a firmware', 404, 26, `/d/${KEY}?id=1&version=1`],
    ['of more than a firmware', 404, 404, `/d/${KEY}/app/more?id=1&version=1`],
  ])('refuses a question %s with %i and code %i', async (_what, status, code, place) => {
    const { port } = await publishing({ '1.1.0': image() });
    const answer = await exchange(port, asks(place));
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([status, { code }]);
  });
});

describe('a device', () => {
  it('that is blocked is refused with 21, may finish what it was being sent, and is let in again', async () => {
    const bytes = image();
    const server = await publishing({ '1.1.0': bytes });
    await exchange(server.port, asks(target()));
    await server.operator.setAccess(PROJECT, '867', 'blocked');
    const refused = await exchange(server.port, asks(target()));
    expect([refused.status, JSON.parse(refused.body.toString())]).toMatchObject([403, { code: 21 }]);
    const rest = await exchange(server.port, asks(target(), 'GET', ['Range: bytes=7-']));
    expect([rest.status, rest.body.equals(bytes.subarray(7))]).toEqual([206, true]);
    await server.operator.setAccess(PROJECT, '867', 'default');
    expect((await exchange(server.port, asks(target()))).status).toBe(200);
  });

  it('gets the rest of a release that was withdrawn meanwhile, and then hears of it no more', async () => {
    const bytes = image();
    const server = await publishing({ '1.1.0': bytes });
    await exchange(server.port, asks(target()));
    const [release] = server.operator.releases({ project: PROJECT, firmwareName: 'app', state: 'published' });
    await server.operator.withdraw(release?.id ?? 0);
    const rest = await exchange(server.port, asks(target(), 'GET', ['Range: bytes=7-']));
    expect([rest.status, rest.body.equals(bytes.subarray(7))]).toEqual([206, true]);
    const next = await exchange(server.port, asks(target()));
    expect([next.status, JSON.parse(next.body.toString())]).toMatchObject([404, { code: 27 }]);
  });

  it('that is sent the same package six times a day on the same version is held with 40 until it is allowed', async () => {
    const server = await publishing({ '1.1.0': image(100) });
    const statuses: number[] = [];
    for (let ask = 0; ask < 8; ask += 1) statuses.push((await exchange(server.port, asks(target()))).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 403, 403]);
    expect((await logged(server, 1))[0]).toMatchObject({ event: 'refused', code: 40, rule: 'upgrade-loop' });
    await server.operator.setAccess(PROJECT, '867', 'allowed');
    expect((await exchange(server.port, asks(target()))).status).toBe(200);
  });

  it('that asks for a range from the first byte has nothing yet: that counts, and a blocked one gets nothing', async () => {
    const server = await publishing({ '1.1.0': image(100) });
    const fromStart = asks(target(), 'GET', ['Range: bytes=0-']);
    await exchange(server.port, asks(target()));
    expect((await exchange(server.port, fromStart)).status).toBe(200);
    expect(await server.operator.device(PROJECT, '867')).toMatchObject([{ record: { deliveries: { count: 2 } } }]);
    await server.operator.setAccess(PROJECT, '867', 'blocked');
    expect((await exchange(server.port, fromStart)).status).toBe(403);
  });

  it('that nobody allowed is refused with 17 where registration is closed', async () => {
    const server = await publishing({ '1.1.0': image(100) });
    await server.operator.updateProject(PROJECT, { registration: 'closed' });
    const stranger = await exchange(server.port, asks(target()));
    expect([stranger.status, JSON.parse(stranger.body.toString())]).toMatchObject([403, { code: 17 }]);
    await server.operator.setAccess(PROJECT, '867', 'allowed');
    expect((await exchange(server.port, asks(target()))).status).toBe(200);
  });

  it('of a project with empty refusals gets nothing that it could keep as an image', async () => {
    const server = await publishing({ '1.1.0': image(100) });
    await server.operator.updateProject(PROJECT, { refusals: 'empty' });
    const answer = await exchange(server.port, asks(target('1.1.0')));
    expect([answer.status, answer.body.length]).toEqual([404, 0]);
    expect(values(answer, 'content-length')).toEqual(['0']);
  });

  it('goes on with a former key of its project until that is revoked', async () => {
    const server = await publishing({ '1.1.0': image(100) });
    await server.operator.rotateKey(PROJECT);
    expect((await exchange(server.port, asks(target()))).status).toBe(200);
    await server.operator.revokeKey(PROJECT, KEY);
    const answer = await exchange(server.port, asks(target()));
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([403, { code: 25 }]);
  });

  it('is answered at any path that is configured, and at the platform’s', async () => {
    const server = await publishing({ '1.1.0': image(100) }, { paths: ['/xxx/upgrade', '/固件'] });
    for (const path of ['/xxx/upgrade', '/固件', '/api/site/firmware_upgrade']) {
      expect((await exchange(server.port, asks(target('1.0.0', path, path)))).status).toBe(200);
    }
    expect((await exchange(server.port, asks(target()))).status).toBe(404);
  });

  it('hears nothing of a draft until it is published', async () => {
    const server = await publishing({ '1.1.0': image(100) });
    const draft = { project: PROJECT, firmwareName: 'app', version: '1.2.0', package: [image(100)], draft: true };
    const { release } = await server.publish(draft);
    expect((await exchange(server.port, asks(target('1.1.0')))).status).toBe(404);
    await server.operator.publishDraft(release.id);
    expect((await exchange(server.port, asks(target('1.1.0')))).status).toBe(200);
    await publish(server, '1.3.0', image(100));
    expect(server.operator.explain({ project: PROJECT, id: '867', firmwareName: 'app', version: '1' })).toMatchObject({
      decision: { answer: 'upgrade', release: { version: '1.3.0' } },
    });
  });
});
