import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Desk, makeDesk, type Serving } from '../../test/desk.ts';

let desk: Desk;
let serving: Serving;
beforeAll(async () => {
  desk = await makeDesk();
  serving = await desk.serve();
  await desk.json('project', 'create', 'sample');
  await desk.file('1.0.0.bin', randomBytes(2_000));
  await desk.json('publish', '1.0.0.bin', '--firmware', 'app', '--version', '1.0.0');
  await desk.file('1.1.0.bin', randomBytes(3_000));
  await desk.json('publish', '1.1.0.bin', '--firmware', 'app', '--version', '1.1.0', '--draft');
  const { items } = await desk.json<{ items: Array<{ key: string }> }>('project', 'list');
  for (const imei of ['861', '862', '863', '864']) {
    const query = `project_key=${items[0]?.key}&firmware_name=app&version=1.0.0&imei=${imei}`;
    await fetch(`${serving.url}/api/site/firmware_upgrade?${query}`);
  }
});
afterAll(() => desk.clear());

describe('fota plan', () => {
  it('says what a rollout would do, wave by wave, and who gets nothing', async () => {
    await desk.json('device', 'block', '864');
    await desk.file('lab.txt', Buffer.from('861\n'));
    const { stdout } = await desk.fota(['plan', '2', '--waves', '@lab.txt,100%', '--soak', '12h']);
    expect(stdout).toContain('1.1.0 of app (release 2) would reach 3 of 4 devices:');
    expect(stdout).toMatch(/^wave 1 {2}█+░+ +1 +3\.0 kB {2}from 2/m);
    expect(stdout).toMatch(/^wave 2 {2}█+░+ +2 +6\.0 kB {2}from 2/m);
    expect(stdout).toContain('9.0 kB in all, not before 12 h have passed.');
    expect(stdout).toMatch(/^ +1 {2}an operator blocked them$/m);
  });

  it('names the devices', async () => {
    const args = ['plan', '2', '--waves', '100%', '--devices'];
    const { items } = await desk.json<{ items: Array<{ device: string; why?: string }> }>(...args);
    expect(items.map(({ device, why }) => [device, why])).toEqual([
      ['861', undefined],
      ['862', undefined],
      ['863', undefined],
      ['864', 'blocked'],
    ]);
    expect((await desk.fota([...args, '--id', '862'])).stdout).toMatch(/^862 +1\.0\.0 +1 +3\.0 kB +-$/m);
  });

  it('is what a simulation takes from a server', async () => {
    const told = await desk.json<object>('simulate', 'rollout', '--release', '2', '--waves', '100%', '--soak', '1h');
    expect(told).toMatchObject({ ok: true, devices: 3, bytes: 9_000, versions: { '1.1.0': 3 }, state: 'complete' });
  });

  it('is of one release, or of one rollout', async () => {
    const { code, stderr } = await desk.fota(['plan']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('takes a release, or --rollout')]);
  });
});
