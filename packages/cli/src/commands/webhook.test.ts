import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Desk, makeDesk } from '../../test/desk.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await makeDesk();
});
afterEach(() => desk.clear());

/** A receiver that answers with this status, and the types of events that it was sent. */
async function receiver(status: number): Promise<{ readonly url: string; readonly heard: readonly string[] }> {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(String(request.headers['fota-event-type']));
    request.resume();
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, heard };
}

describe('fota webhook', () => {
  it('adds one, shows its secret once, tries it and sends it what happens', async () => {
    await desk.serve();
    await desk.fota(['project', 'create', 'tracker']);
    const { url, heard } = await receiver(204);
    const refused = await desk.fota(['webhook', 'add', url]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/over https.*\n.*--private/)]);
    const added = await desk.fota(['webhook', 'add', url, '--private', '--type', 'device', 'problem']);
    expect(added.stdout).toMatch(/^whsec_\w{40}\n$/);
    const [, id = ''] = /the webhook (\w{8}) is sent/.exec(added.stderr) ?? [];
    expect((await desk.fota(['webhook', 'test', id])).stdout).toMatch(
      /taken {2}webhook\.test {2}status 204 in \d+ ms\n$/,
    );
    await desk.fota(['device', 'block', '861']);
    await expect.poll(() => heard).toEqual(['webhook.test', 'device.access']);
    await expect
      .poll(async () => (await desk.fota(['webhook', 'show', id])).stdout)
      .toMatch(/types +device, problem\n(.*\n)*state +on\n(.*\n)*.* taken {2}event 1 device\.access {2}status 204/);
    expect((await desk.fota(['webhook', 'list'])).stdout).toContain(url);
    expect((await desk.fota(['webhook', 'secret', id])).stdout).toMatch(/^whsec_\w{40}\n$/);
  });

  it('changes one, switches it off and on, and removes it; a test that is not taken ends with 1', async () => {
    await desk.fota(['project', 'create', 'tracker']);
    const { url } = await receiver(500);
    const { id } = await desk.json<{ id: string }>('webhook', 'add', url, '--private');
    const failed = await desk.fota(['webhook', 'test', id]);
    expect([failed.code, failed.stdout]).toEqual([1, expect.stringContaining('not taken')]);
    const changed = await desk.fota(['webhook', 'update', id, '--type', 'rollout', '--project', 'tracker']);
    expect(changed.stdout).toMatch(/types +rollout\nprojects +tracker\n/);
    expect((await desk.fota(['webhook', 'update', id, '--all-types'])).stdout).toMatch(
      /types +all\nprojects +tracker\n/,
    );
    expect((await desk.fota(['webhook', 'disable', id])).stdout).toMatch(/state +off\n/);
    expect((await desk.fota(['webhook', 'enable', id, '--skip'])).stdout).toMatch(/state +on\n/);
    expect((await desk.fota(['webhook', 'remove', id, '--yes'])).code).toBe(0);
    expect((await desk.fota(['webhook', 'list'])).stdout).toBe('No webhook: fota webhook add URL\n');
    expect((await desk.fota(['webhook', 'show', id])).stderr).toContain('webhook-unknown');
  });
});
